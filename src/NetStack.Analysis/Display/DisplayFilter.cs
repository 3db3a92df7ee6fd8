using NetStack.Analysis;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// A filter in Wireshark's display-filter language, as far as it is about headers: comparisons, presence, sets, slices, text and
/// logic over the fields of <see cref="DisplayField"/>. What Wireshark has besides is an error that names it.
/// </summary>
/// <remarks>For one thread; evaluating allocates nothing.</remarks>
public sealed class DisplayFilter
{
    private readonly string _expression;
    private readonly DisplayNode _root;
    private readonly FieldState _state;

    private DisplayFilter(string expression, DisplayNode root, bool needsFlows)
    {
        _expression = expression;
        _root = root;
        NeedsFlows = needsFlows;
        _state = new FieldState(new CaptureTimes());
    }

    /// <summary>Whether it names a field that only a flow table knows.</summary>
    public bool NeedsFlows { get; }

    /// <summary>The times of the packets it was shown, to be shared with a writer of fields.</summary>
    public CaptureTimes Times => _state.Times;

    /// <summary>Reads an expression.</summary>
    /// <exception cref="FilterException">It is not one; the message says what is wrong, at which column.</exception>
    public static DisplayFilter Parse(string expression)
    {
        ArgumentNullException.ThrowIfNull(expression);
        DisplayParser parser = new(expression);
        DisplayNode root = parser.Parse();
        return new DisplayFilter(expression, root, parser.NeedsFlows);
    }

    /// <summary>Whether a packet matches. Every packet of the capture must be shown, in order, where the filter asks for times.</summary>
    /// <param name="packet">Its headers.</param>
    /// <param name="flow">What it is in its flow; the default where the filter does not need it.</param>
    public bool Matches(in PacketHeaders packet, in FlowPacket flow) => _root.Matches(_state.Begin(packet, flow));

    /// <summary>The expression.</summary>
    public override string ToString() => _expression;
}
