using System.CommandLine;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.Inspect;

/// <summary>The words of <c>netstack demo</c>, and what it does.</summary>
internal static class DemoCommand
{
    internal static Command Create()
    {
        Argument<string> file = new("FILE") { Description = "The capture to play; not standard input, it is read twice." };
        Option<string> strategy = new("--strategy") { Description = "How the browser attaches.", DefaultValueFactory = _ => "copy-headers" };
        Option<string?> hostile = new("--hostile") { Description = $"What the device does to it: {DemoAttacks.Choices}.", HelpName = "H1,H4" };
        Option<long?> count = new("--count", "-c") { Description = "Stop after so many packets.", HelpName = "N", CustomParser = result => CaptureOptions.Number(result, 1, long.MaxValue) };
        strategy.AcceptOnlyFromAmong([.. DemoStrategy.All.Select(s => s.Name)]);
        hostile.Validators.Add(result =>
        {
            DemoAttacks.Create(result.GetValueOrDefault<string?>(), out string? unknown);
            if (unknown is not null) result.AddError($"there is no attack {unknown}: choose from {DemoAttacks.Choices}");
        });
        Command command = new("demo", "Play a capture through a virtual NIC's DMA ring to several clients, and see which claims hold.") { file, strategy, hostile, count };
        command.SetAction(parsed => Run(
            parsed.GetValue(file)!,
            DemoStrategy.All.Single(s => s.Name == parsed.GetValue(strategy)),
            DemoAttacks.Create(parsed.GetValue(hostile), out _),
            parsed.GetValue(count) ?? long.MaxValue));
        return command;
    }

    private static int Run(string file, DemoStrategy strategy, List<HostileBehaviour> attacks, long count)
    {
        CaptureRequest request = new() { Files = [file] };
        if (file == "-")
        {
            Console.Error.WriteLine("netstack: demo reads its capture twice: give a file");
            return ExitCode.Unusable;
        }
        if (CaptureFiles.Open(request, Console.Error) is not CaptureReader first) return ExitCode.Unusable;
        DemoHost? host;
        Wire.LinkType linkType;
        using (first)
        {
            host = DemoHost.Find(first);
            linkType = first.Interfaces.Count > 0 ? first.Interfaces[0].LinkType : Wire.LinkType.Ethernet;
        }
        if (CaptureFiles.Open(request, Console.Error) is not { } capture) return ExitCode.Unusable;
        using (capture)
        using (DemoWorld world = new(strategy, attacks, linkType, host))
        {
            if (Console.IsOutputRedirected) Play(world, capture, count, static () => { });
            else new DemoView(world, TimeProvider.System).Show(shown => Play(world, capture, count, shown));
            bool isHeld = DemoSummary.Write(world, strategy, attacks, Console.Out);
            bool isDamaged = CaptureFiles.SayDamage(capture, isWholeWanted: world.Sent < count, Console.Error);
            return !isHeld ? ExitCode.Unusable : isDamaged ? ExitCode.Damaged : ExitCode.Done;
        }
    }

    private static void Play(DemoWorld world, CaptureSource capture, long count, Action shown)
    {
        while (world.Sent < count && capture.TryRead(out CaptureRecord record))
        {
            if (!world.Play(record)) break;
            shown();
        }
        world.Settle();
    }
}
