using NetStack.Analysis;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>Counts conversations and writes them at the end; those that a full table gives up, as soon as it does.</summary>
internal sealed class ConversationsSink : ISnapshotSink
{
    private readonly CaptureContext _context;
    private readonly FlowRequest _request;
    private readonly Func<FlowTable, IEnumerable<Flow>>? _chosen;
    private readonly FlowTable _table;
    private readonly FlowReport _report;
    private readonly StreamHasher? _hasher;
    private Timestamp? _zero; // what starts are counted from: found once, for a full table writes row by row
    private bool _isBegun;

    /// <summary>A sink that writes all conversations in order, or those that are chosen at the end.</summary>
    internal ConversationsSink(CaptureContext context, FlowRequest request, Func<FlowTable, IEnumerable<Flow>>? chosen = null)
    {
        _context = context;
        _request = request;
        _chosen = chosen;
        _hasher = request.Payload ? new StreamHasher() : null;
        _report = new FlowReport(request.Form == FlowForm.Csv, request.Analyse);
        _table = new FlowTable(request.MaxFlows, request.Analyse) { Evicted = chosen is null ? flow => Write([flow]) : null };
    }

    public bool WantsMore => true;

    /// <summary>An analysis looks at whole headers: nothing is saved then.</summary>
    public bool WantsSnapshots => !_request.Analyse && _hasher is null;

    public void Add(HeaderSnapshot headers, in PacketInfo info) => _table.Add(headers, info);

    public void Add(in PacketHeaders packet, in PacketBody body, in FlowPacket flow)
    {
        FlowPacket known = _table.Add(packet);
        _hasher?.Add(packet, body, _context.Meter, known);
    }

    public void Finish(TextWriter errors)
    {
        Write(_chosen is null ? _table.Flows : [.. _chosen(_table)]);
        if (_table.EvictedFlows == 0) return;
        errors.WriteLine(_chosen is null
            ? $"netstack: {_table.EvictedFlows} conversations were written before their end, to make room: see --max-flows"
            : $"netstack: {_table.EvictedFlows} conversations of {_table.EvictedPackets} packets and {_table.EvictedBytes} bytes are left out, to make room: see --max-flows");
    }

    public void Dispose() => _hasher?.Dispose();

    private void Write(IReadOnlyCollection<Flow> flows)
    {
        StandardOutput output = _context.Output;
        if (_request.Form != FlowForm.Json)
        {
            if (!_isBegun) _zero = flows.Concat(_table.Flows).Min(f => f.FirstTime);
            _isBegun = true;
            _report.Write(output, flows, _zero, output.FlushIfFull);
            return;
        }
        foreach (Flow flow in flows)
        {
            FlowJson.Write(output, flow, _request.Analyse, _hasher is null || flow.Protocol != IpProtocol.Tcp ? default : StreamJson.Members(_hasher, flow));
            _hasher?.Drop(flow);
            output.FlushIfFull();
        }
    }
}
