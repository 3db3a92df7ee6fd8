using System.CommandLine;
using NetStack.Analysis;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>The words of <c>netstack endpoints</c>.</summary>
internal static class EndpointsCommand
{
    internal static Command Create()
    {
        Command command = new("endpoints", "IP addresses with what they sent and received, the busiest first.");
        CaptureOptions capture = CaptureOptions.AddTo(command);
        FlowOptions flows = FlowOptions.AddTo(command);
        command.SetAction(parsed =>
        {
            FlowRequest request = flows.Read(parsed);
            return CaptureRun.Execute(capture.Read(parsed) with { Verb = "counted" }, context => new EndpointsSink(context, request));
        });
        return command;
    }
}

/// <summary>Counts addresses and writes them at the end.</summary>
internal sealed class EndpointsSink(CaptureContext context, FlowRequest request) : IPacketSink
{
    private readonly EndpointTable _table = new(request.MaxFlows);
    private readonly FlowTable? _flows = request.Analyse ? new FlowTable(request.MaxFlows) : null;

    public bool WantsMore => true;

    public void Add(in PacketHeaders packet, in PacketBody body, in FlowPacket flow) =>
        _table.Add(packet, _flows is null ? default : _flows.Add(packet));

    public void Finish(TextWriter errors)
    {
        StandardOutput output = context.Output;
        Endpoint[] busiest = [.. _table.Endpoints.OrderByDescending(e => e.Bytes)];
        if (request.Form != FlowForm.Json)
        {
            EndpointReport.Write(output, busiest, request.Form == FlowForm.Csv, request.Analyse, output.FlushIfFull);
        }
        else
        {
            foreach (Endpoint endpoint in busiest)
            {
                FlowJson.Write(output, endpoint, request.Analyse);
                output.FlushIfFull();
            }
        }
        if (_table.Others.Packets > 0)
            errors.WriteLine($"netstack: addresses beyond {request.MaxFlows} are left out: {_table.Others.PacketsSent} packets sent, {_table.Others.PacketsReceived} received: see --max-flows");
    }

    public void Dispose()
    {
    }
}
