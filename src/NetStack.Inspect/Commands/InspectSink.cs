using NetStack.Analysis;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>Prints packets in the wanted form.</summary>
internal sealed class InspectSink : IPacketSink
{
    private readonly CaptureContext _context;
    private readonly InspectOptions _options;
    private readonly PacketLine _line;

    private InspectSink(CaptureContext context, InspectOptions options)
    {
        _context = context;
        _options = options;
        _line = new PacketLine(options.Time);
    }

    internal static Func<CaptureContext, IPacketSink> Of(InspectOptions options) => context => new InspectSink(context, options);

    public bool WantsMore => true;

    public void Add(in PacketHeaders packet, in PacketBody body, in FlowPacket flow)
    {
        if (_options.Json) PacketJson.Write(_context.Output, packet);
        else _line.Write(_context.Output, packet);
    }

    public void Finish(TextWriter errors)
    {
        if (_options.Json && _context.Damage is { } damage) PacketJson.WriteError(_context.Output, damage);
    }

    public void Dispose()
    {
    }
}
