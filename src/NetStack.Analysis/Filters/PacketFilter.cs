using System.Runtime.CompilerServices;
using NetStack.Analysis;
using NetStack.Wire;

namespace NetStack;

/// <summary>
/// A filter as tcpdump has it: <c>tcp port 443 and not net 10.0.0.0/8</c> (pcap-filter(7)). It is compiled to a BPF program for
/// each link type that it meets, by libpcap where that is installed and else by a compiler of our own; the program is verified,
/// and then run by our own interpreter over the packet's private bytes. Host names are not looked up; names of ports and
/// protocols come from a table of our own.
/// </summary>
/// <remarks>Thread-safe. Nothing is allocated per packet.</remarks>
public sealed class PacketFilter
{
    private readonly FilterNode? _filter;
    private readonly Libpcap? _libpcap;
    private volatile Compiled[] _compiled = [];
    private volatile Compiled? _last;

    private PacketFilter(string expression, FilterNode? filter, Libpcap? libpcap)
    {
        Expression = expression;
        _filter = filter;
        _libpcap = libpcap;
    }

    /// <summary>The expression it was read from.</summary>
    public string Expression { get; }

    /// <summary>Who compiles: <c>libpcap version …</c>, or <c>built in</c>.</summary>
    public string Compiler => _libpcap?.Version ?? "built in";

    /// <summary>Reads a filter.</summary>
    /// <param name="expression">The expression; an empty one matches every packet.</param>
    /// <exception cref="FilterException">It cannot be read; the message and the column say where.</exception>
    public static PacketFilter Parse(string expression) => Parse(expression, Libpcap.Installed);

    /// <summary>Reads a filter that a given libpcap compiles, or none.</summary>
    internal static PacketFilter Parse(string expression, Libpcap? libpcap)
    {
        ArgumentNullException.ThrowIfNull(expression);
        return new PacketFilter(expression, FilterParser.Parse(expression), libpcap);
    }

    /// <summary>Compiles the filter for a link type now, and not when the first such packet comes.</summary>
    /// <param name="linkType">How packets begin.</param>
    /// <exception cref="FilterException">The link type has no such thing: MAC addresses on raw IP, say.</exception>
    public void Compile(LinkType linkType) => For(linkType);

    /// <summary>Whether a packet matches. Bytes that the headers did not need are fetched as the filter asks for them; a filter that
    /// asks for bytes that were not captured does not match. Lengths are those on the wire.</summary>
    /// <param name="packet">The packet; its snapshot is still valid.</param>
    /// <exception cref="FilterException">The filter cannot be compiled for the packet's link type: see <see cref="Compile"/>.</exception>
    public bool Matches(in PacketHeaders packet)
    {
        Compiled? program = _last;
        if (program is null || program.LinkType != packet.Info.LinkType) program = For(packet.Info.LinkType);
        return program.Program.Run(packet.Bytes, packet.Snapshot, (uint)packet.Info.WireLength) != 0;
    }

    /// <summary>The program for a link type, one line an instruction, as <c>tcpdump -d</c> prints it.</summary>
    /// <param name="linkType">How packets begin.</param>
    /// <exception cref="FilterException">As <see cref="Compile"/>.</exception>
    public string Dump(LinkType linkType) => BpfText.Dump(For(linkType).Program.Instructions);

    /// <summary>The expression.</summary>
    public override string ToString() => Expression;

    /// <summary>The program for a link type.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private Compiled For(LinkType linkType)
    {
        Compiled[] known = _compiled;
        Compiled? found = Array.Find(known, c => c.LinkType == linkType);
        if (found is null)
        {
            found = new Compiled(linkType, Build(linkType));
            _compiled = [.. known, found]; // of two threads at once one is forgotten, and compiles again
        }
        _last = found;
        return found;
    }

    private BpfProgram Build(LinkType linkType)
    {
        // Loopback headers have the family in the byte order of whoever wrote the file, and by system: libpcap would have to see the file.
        bool isLoopback = linkType is LinkType.Null or LinkType.Loop;
        if (_libpcap is null || isLoopback || _filter is null) return BuildAlone(linkType);
        BpfInstruction[]? program = _libpcap.Compile(_filter.ToString(), linkType, out string problem);
        if (program is not null && BpfProgram.TryCreate(program, out BpfProgram verified, out problem)) return verified;
        throw Explained(linkType, problem);
    }

    private BpfProgram BuildAlone(LinkType linkType)
    {
        BpfInstruction[] program = FilterCompiler.Compile(_filter, linkType);
        return BpfProgram.TryCreate(program, out BpfProgram verified, out string problem) ? verified : throw new FilterException(problem);
    }

    /// <summary>What libpcap has against an expression, with the column where our own compiler minds too.</summary>
    private FilterException Explained(LinkType linkType, string problem)
    {
        try
        {
            FilterCompiler.Compile(_filter, linkType);
        }
        catch (FilterException e) when (e.Column > 0 && !e.Problem.EndsWith("by libpcap only", StringComparison.Ordinal))
        {
            return e;
        }
        catch (FilterException)
        {
            // It is no judge of this one.
        }
        return new FilterException(problem);
    }

    private sealed record Compiled(LinkType LinkType, BpfProgram Program);
}
