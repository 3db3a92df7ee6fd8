using NetStack.Wire;

namespace NetStack.Analysis;

/// <summary>
/// Compiles a packet filter to BPF without libpcap, for the link types and words that people use. Tests come in the order in
/// which libpcap makes them, because a load past the captured bytes ends the program: so both agree on cut packets too.
/// </summary>
/// <remarks>A test is made first and emitted later, with two labels to go to. Where things are in the packet is decided when it is
/// made, in the order of the text, since tags move what stands behind them.</remarks>
internal sealed partial class FilterCompiler
{
    private readonly BpfAssembler _code = new();
    private readonly FilterLink _link;
    private int _column;

    private FilterCompiler(FilterLink link) => _link = link;

    private delegate void Test(BpfLabel yes, BpfLabel no);

    /// <summary>Compiles a filter for a link type.</summary>
    /// <param name="filter">The filter; null matches all.</param>
    /// <param name="linkType">How a packet begins.</param>
    /// <exception cref="FilterException">The link type has no such thing, or only libpcap knows it.</exception>
    internal static BpfInstruction[] Compile(FilterNode? filter, LinkType linkType)
    {
        if (filter is null) return [new BpfInstruction(Bpf.Return, 0, 0, Bpf.Accept)];
        FilterLink link = FilterLink.Of(linkType) ?? throw new FilterException($"filters on link type {(int)linkType} are compiled by libpcap only");
        FilterCompiler compiler = new(link);
        BpfLabel yes = new();
        BpfLabel no = new();
        compiler.Of(filter)(yes, no);
        compiler._code.Place(yes);
        compiler._code.Add(Bpf.Return, Bpf.Accept);
        compiler._code.Place(no);
        compiler._code.Add(Bpf.Return);
        return BpfOptimizer.Optimize(compiler._code.Assemble());
    }

    private Test Of(FilterNode node)
    {
        switch (node)
        {
            case AndNode and: return All(Of(and.Left), Of(and.Right));
            case OrNode or: return Any(Of(or.Left), Of(or.Right));
            case NotNode not: return Not(Of(not.Inner));
            default: break;
        }
        _column = node.Column;
        return node switch
        {
            HostNode host => Host(host),
            Host6Node host => Host6(host),
            EtherHostNode host => EtherHost(host),
            PortNode port => Ports(port),
            ProtoNode proto => Proto(proto.Layer, proto.Number),
            ProtocolNode protocol => Protocol(protocol.Name),
            GroupNode group => Group(group),
            LengthNode length => Length(length),
            ByteNode single => Byte(single),
            DirectionNode direction => Direction(direction),
            TagNode tag => Tag(tag),
            RelationNode relation => Relation(relation),
            _ => throw Fail($"\"{node}\" is compiled by libpcap only"),
        };
    }

    /// <summary>All must hold; the first that does not decides.</summary>
    private Test All(params Test[] tests) => (yes, no) =>
    {
        for (int i = 0; i < tests.Length - 1; i++)
        {
            BpfLabel next = new();
            tests[i](next, no);
            _code.Place(next);
        }
        tests[^1](yes, no);
    };

    /// <summary>One must hold; the first that does decides.</summary>
    private Test Any(params Test[] tests) => (yes, no) =>
    {
        for (int i = 0; i < tests.Length - 1; i++)
        {
            BpfLabel next = new();
            tests[i](yes, next);
            _code.Place(next);
        }
        tests[^1](yes, no);
    };

    private static Test Not(Test test) => (yes, no) => test(no, yes);

    private Test Always(bool answer) => (yes, no) => _code.Jump(answer ? yes : no);

    /// <summary>A field at a fixed place, compared: of <paramref name="mask"/>'s bits, if it has any.</summary>
    private Test Field(int size, int offset, uint value, int comparison = Bpf.Equal, uint mask = uint.MaxValue)
    {
        if (mask == 0) return Always(value == 0); // libpcap's optimiser drops the load, so it must not fail here either
        return (yes, no) =>
        {
            _code.Add(Bpf.Load | Bpf.Absolute | size, (uint)offset);
            if (mask != uint.MaxValue) _code.Add(Bpf.Alu | Bpf.And, mask);
            _code.Test(comparison, value, yes, no);
        };
    }

    private FilterException Fail(string problem) => new(_column, problem);
}
