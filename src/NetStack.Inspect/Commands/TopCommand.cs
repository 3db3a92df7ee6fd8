using System.CommandLine;

namespace NetStack.Inspect;

/// <summary>The words of <c>netstack top</c>.</summary>
internal static class TopCommand
{
    internal static Command Create()
    {
        Option<string> by = new("--by") { Description = "What the most is of.", DefaultValueFactory = _ => "bytes" };
        by.AcceptOnlyFromAmong("bytes", "packets", "retransmissions");
        Option<int> number = new("-n", "--number")
        {
            Description = "How many conversations.",
            HelpName = "N",
            DefaultValueFactory = _ => 10,
            CustomParser = result => (int)CaptureOptions.Number(result, 1, int.MaxValue),
        };
        Command command = new("top", "The conversations with the most bytes, packets or retransmissions.") { by, number };
        CaptureOptions capture = CaptureOptions.AddTo(command);
        FlowOptions flows = FlowOptions.AddTo(command);
        command.SetAction(parsed =>
        {
            string most = parsed.GetValue(by)!;
            FlowRequest request = flows.Read(parsed);
            if (most == "retransmissions") request = request with { Analyse = true };
            return CaptureRun.Execute(
                capture.Read(parsed) with { Verb = "counted" },
                context => new ConversationsSink(context, request, table => (most switch
                {
                    "packets" => table.ByPackets(),
                    "retransmissions" => table.ByRetransmissions().Where(f => f.Retransmissions > 0),
                    _ => table.ByBytes(),
                }).Take(parsed.GetValue(number))));
        });
        return command;
    }
}
