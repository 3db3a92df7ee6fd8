using System.CommandLine;
using System.Text;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>The words of <c>netstack report</c>.</summary>
internal static class ReportCommand
{
    internal static Command Create()
    {
        Command command = new("report", "One HTML page about captures: throughput, conversations, retransmissions, round trips.");
        CaptureOptions capture = CaptureOptions.AddTo(command);
        Option<string> output = new("--output", "-o") { Description = "The page; - is standard output.", HelpName = "FILE", Required = true };
        command.Options.Add(output);
        command.SetAction(parsed =>
        {
            CaptureRequest request = capture.Read(parsed) with { Verb = "reported" };
            return CaptureRun.Execute(request, context => new ReportSink(context, [.. request.Files.Select(f => f == "-" ? "standard input" : Path.GetFileName(f))], parsed.GetValue(output)!));
        });
        return command;
    }
}

/// <summary>Gathers packets for a report and writes its page at the end.</summary>
/// <param name="context">The run.</param>
/// <param name="names">What the captures are called.</param>
/// <param name="path">Where the page goes; <c>-</c> is standard output.</param>
internal sealed class ReportSink(CaptureContext context, string[] names, string path) : IPacketSink
{
    private const int MaxFlows = 1_000_000;

    private readonly FlowTable _flows = new(MaxFlows);
    private readonly ReportBuilder _report = new();

    public bool WantsMore => true;

    public void Add(in PacketHeaders packet, in PacketBody body, in FlowPacket flow) => _report.Add(packet, _flows.Add(packet));

    public void Finish(TextWriter errors)
    {
        for (int i = 0; i < context.Files.Count; i++) _report.AddFile(names[i], context.Files[i].Interfaces, context.Files[i].Damage);
        if (path == "-")
        {
            StringBuilder page = new();
            using StringWriter text = new(page);
            _report.Write(text);
            byte[] bytes = Encoding.UTF8.GetBytes(page.ToString());
            bytes.CopyTo(context.Output.GetSpan(bytes.Length));
            context.Output.Advance(bytes.Length);
            return;
        }
        try
        {
            SameFile.Refuse(context.Files.Select(f => f.Name), path);
            using StreamWriter file = new(path, append: false, new UTF8Encoding(false));
            _report.Write(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new OutputException(path, e);
        }
    }

    public void Dispose()
    {
    }
}
