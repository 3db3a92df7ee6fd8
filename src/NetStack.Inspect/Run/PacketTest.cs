using NetStack.Wire;

namespace NetStack.Inspect;

/// <summary>Which packets a run is about: the capture filter first, then the flows it lets through, then the display filter.</summary>
internal sealed class PacketTest
{
    private const int MaxFlows = 1_000_000;

    private readonly PacketFilter? _filter;
    private readonly DisplayFilter? _display;
    private readonly FlowTable? _flows;

    private PacketTest(PacketFilter? filter, DisplayFilter? display, FlowTable? flows)
    {
        _filter = filter;
        _display = display;
        _flows = flows;
    }

    /// <summary>Whether every packet matches, and nobody wants to know its flow.</summary>
    internal bool TakesAll => _filter is null && _display is null && _flows is null;

    /// <summary>The times of the packets that the display filter looked at; null without one.</summary>
    internal CaptureTimes? Times => _display?.Times;

    /// <summary>Reads the filters.</summary>
    /// <returns>Null where one is wrong; that was said.</returns>
    internal static PacketTest? TryParse(CaptureRequest request, TextWriter errors)
    {
        if (!TryParse(request, errors, out PacketFilter? filter)) return null;
        try
        {
            DisplayFilter? display = request.DisplayFilter is null ? null : DisplayFilter.Parse(request.DisplayFilter);
            return new PacketTest(filter, display, request.TrackFlows || display is { NeedsFlows: true } ? new FlowTable(MaxFlows) : null);
        }
        catch (FilterException e)
        {
            errors.WriteLine($"netstack: -Y: {CaptureRun.Reason(e)}");
            return null;
        }
    }

    /// <summary>Reads the capture filter, from the command line or a file.</summary>
    /// <returns>Whether it, or that there is none, could be read; else what is wrong was said.</returns>
    internal static bool TryParse(CaptureRequest request, TextWriter errors, out PacketFilter? filter)
    {
        filter = null;
        try
        {
            string? text = request.FilterFile is { } file ? ReadFile(file) : request.Filter;
            if (text is not null) filter = PacketFilter.Parse(text);
            return true;
        }
        catch (FilterException e)
        {
            bool namesFile = request.Filter is { } words && words.Split(' ').Any(w => w.Contains('/') || w.Contains(".pcap", StringComparison.Ordinal));
            errors.WriteLine($"netstack: filter: {CaptureRun.Reason(e)}{(namesFile ? " (a capture? It must be there, and stand before the filter; with -r, each has its own)" : "")}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errors.WriteLine($"netstack: {request.FilterFile}: {CaptureRun.Reason(e)}");
        }
        return false;
    }

    private static string ReadFile(string file)
    {
        string[] lines = file == "-" ? Console.In.ReadToEnd().Split('\n') : File.ReadAllLines(file);
        return string.Join(' ', lines.Select(l => l.Trim()).Where(l => l.Length > 0));
    }

    /// <summary>Whether a packet matches.</summary>
    /// <param name="packet">The packet.</param>
    /// <param name="flow">Receives what it is in its flow, where that is followed.</param>
    /// <exception cref="FilterException">The filter means nothing for this packet's link type.</exception>
    internal bool Matches(in PacketHeaders packet, ref FlowPacket flow)
    {
        if (_filter is not null && !_filter.Matches(packet)) return false;
        if (_flows is not null) flow = _flows.Add(packet);
        return _display is null || _display.Matches(packet, flow);
    }
}
