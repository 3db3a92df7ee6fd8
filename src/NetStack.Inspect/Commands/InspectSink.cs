using NetStack.Analysis;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>How packets are to be printed.</summary>
internal sealed record InspectOptions
{
    internal bool Json { get; init; }
    internal bool Tree { get; init; }
    internal HexForm Bytes { get; init; }
    internal PacketLineOptions Line { get; init; } = new();
}

/// <summary>Prints packets in the wanted form.</summary>
internal sealed class InspectSink(CaptureContext context, InspectOptions options) : IPacketSink
{
    private readonly PacketLine _line = new(options.Line);
    private readonly PacketTree _tree = new(options.Line.Time);
    private readonly HexText _bytes = new(options.Bytes);

    public bool WantsMore => true;

    public void Add(in PacketHeaders packet, in PacketBody body, in FlowPacket flow)
    {
        if (options.Json)
        {
            PacketJson.Write(context.Output, packet);
            return;
        }
        if (options.Tree) _tree.Write(context.Output, packet);
        else _line.Write(context.Output, packet);
        _bytes.Write(context.Output, packet);
    }

    public void Add(in CaptureRecord record, in PacketHeaders packet, in FlowPacket flow)
    {
        Add(packet, record.Body, flow);
        if (!options.Json && (options.Tree || options.Line.Verbosity > 0) && record.Comment is { } comment) CommentText.Write(context.Output, comment);
    }

    public void Finish(TextWriter errors)
    {
        if (options.Json && context.Damage is { } damage) PacketJson.WriteError(context.Output, damage);
    }

    public void Dispose()
    {
    }
}

/// <summary>Prints how many packets there were, and nothing else.</summary>
internal sealed class CountSink(CaptureContext context) : IPacketSink
{
    private long _packets;

    public bool WantsMore => true;

    public void Add(in PacketHeaders packet, in PacketBody body, in FlowPacket flow) => _packets++;

    public void Finish(TextWriter errors)
    {
        LineWriter line = new(context.Output.GetSpan());
        line.Append(_packets);
        line.Append('\n');
        context.Output.Advance(line.Length);
    }

    public void Dispose()
    {
    }
}
