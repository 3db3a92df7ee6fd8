using NetStack.Wire;

namespace NetStack.Analysis.Tests.Filters;

/// <summary>Our compiler against libpcap's: the programs differ, the answers must not.</summary>
public sealed class FilterDifferentialTests
{
    private const int Expressions = 400;

    private static readonly LinkType[] LinkTypes =
        [LinkType.Ethernet, LinkType.Raw, LinkType.Ipv4, LinkType.Ipv6, LinkType.LinuxSll, LinkType.LinuxSll2, LinkType.Ppp, LinkType.PppHdlc, LinkType.PppEther, LinkType.CiscoHdlc];

    [Fact]
    public void Our_compiler_and_libpcap_agree_on_the_sample_captures()
    {
        Libpcap libpcap = Require();
        for (int seed = 0; seed < Expressions; seed++) Compare(libpcap, Expression(seed), CapturedPacket.Samples, seed);
    }

    /// <summary>A load past the end is an answer too, and it depends on the order of the tests.</summary>
    [Fact]
    public void They_agree_on_packets_that_are_cut()
    {
        Libpcap libpcap = Require();
        for (int seed = 0; seed < Expressions; seed++)
        {
            Random random = new(seed);
            CapturedPacket[] packets = [.. Enumerable.Range(0, 60).Select(_ => CapturedPacket.Samples[random.Next(CapturedPacket.Samples.Length)].Cut(random.Next(90)))];
            Compare(libpcap, Expression(seed), packets, seed);
        }
    }

    [Fact]
    public void They_agree_on_the_shared_captures()
    {
        Libpcap libpcap = Require();
        string folder = RepositoryRoot.PathOf("..", "shared", "captures", "files");
        if (!Directory.Exists(folder)) Assert.Skip("../shared/captures is not there");
        CapturedPacket[] packets = [.. Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).SelectMany(f => CapturedPacket.Read(f, most: 40))];
        ILookup<LinkType, CapturedPacket> byLink = packets.ToLookup(p => p.LinkType);
        for (int seed = 0; seed < Expressions; seed++)
        {
            string text = new FilterExpressions(seed).Next(tags: seed % 4 == 0);
            foreach (IGrouping<LinkType, CapturedPacket> group in byLink)
            {
                if (LinkTypes.Contains(group.Key)) Compare(libpcap, text, [.. group], seed);
            }
        }
    }

    /// <summary>The bytes of a packet are as good as any where a link type has no capture.</summary>
    [Fact]
    public void They_agree_on_every_link_type_that_both_compile()
    {
        Libpcap libpcap = Require();
        foreach (LinkType linkType in LinkTypes)
        {
            for (int seed = 0; seed < 200; seed++)
            {
                Random random = new(seed);
                CapturedPacket[] packets = [.. Enumerable.Range(0, 60).Select(_ => Relinked(CapturedPacket.Samples[random.Next(CapturedPacket.Samples.Length)], linkType, random))];
                Compare(libpcap, new FilterExpressions(seed).Next(tags: linkType is LinkType.Ethernet && seed % 2 == 0), packets, seed);
            }
        }
    }

    internal static Libpcap Require()
    {
        if (Libpcap.Installed is null) Assert.Skip("libpcap is not installed");
        return Libpcap.Installed;
    }

    private static string Expression(int seed)
    {
        FilterExpressions expressions = new(seed);
        string text = expressions.Next(tags: seed % 3 == 0);
        return seed % 5 == 0 ? $"{expressions.EthernetTerm()} and ({text})" : seed % 5 == 1 ? $"{text} or {expressions.EthernetTerm()}" : text;
    }

    /// <summary>A packet of Ethernet as if its network header stood behind another link header.</summary>
    private static CapturedPacket Relinked(CapturedPacket packet, LinkType linkType, Random random)
    {
        if (linkType == LinkType.Ethernet || packet.Bytes.Length < 14) return packet with { LinkType = linkType };
        byte[] type = random.Next(8) == 0 ? [(byte)random.Next(256), (byte)random.Next(256)] : packet.Bytes[12..14];
        byte[] pppType = type is [0x08, 0x00] ? [0, 0x21] : type is [0x86, 0xDD] ? [0, 0x57] : type;
        byte[] header = linkType switch
        {
            LinkType.LinuxSll => [0, (byte)random.Next(5), .. packet.Bytes[..12], .. type],
            LinkType.LinuxSll2 => [.. type, .. packet.Bytes[..8], (byte)random.Next(5), .. packet.Bytes[..9]],
            LinkType.Ppp or LinkType.PppHdlc => [0xFF, 0x03, .. pppType],
            LinkType.PppEther => [0x11, 0, 0, 1, 0, 99, .. pppType],
            LinkType.CiscoHdlc => [0x0F, 0, .. type],
            _ => [],
        };
        return packet with { LinkType = linkType, Bytes = [.. header, .. packet.Bytes[14..]] };
    }

    /// <summary>
    /// Ours must answer as libpcap's programs do. Those are two: its optimiser leaves out tests that it finds unneeded, and with
    /// them loads that would have ended the program on a short packet. Where the two differ there is nothing to agree with.
    /// </summary>
    private static void Compare(Libpcap libpcap, string text, CapturedPacket[] packets, int seed)
    {
        foreach (IGrouping<LinkType, CapturedPacket> group in packets.GroupBy(p => p.LinkType))
        {
            BpfProgram? ours = Ours(text, group.Key, out string ourProblem);
            BpfProgram? theirs = Theirs(libpcap, text, group.Key, true, out string theirProblem);
            Assert.True(ours is null == theirs is null, $"seed {seed}: {text} on {group.Key}: ours \"{ourProblem}\", theirs \"{theirProblem}\"");
            if (ours is null || theirs is null) continue;
            BpfProgram literal = Theirs(libpcap, text, group.Key, false, out _)!;
            foreach (CapturedPacket packet in group)
            {
                bool expected = packet.Matches(theirs);
                if (packet.Matches(ours) == expected || packet.Matches(literal) != expected) continue;
                Assert.Fail($"seed {seed}: {text}: {packet}: libpcap says {expected}\n{BpfText.Dump(ours.Instructions)}\n{BpfText.Dump(theirs.Instructions)}");
            }
        }
    }

    private static BpfProgram? Ours(string text, LinkType linkType, out string problem)
    {
        try
        {
            BpfInstruction[] code = FilterCompiler.Compile(FilterParser.Parse(text), linkType);
            Assert.True(BpfProgram.TryCreate(code, out BpfProgram program, out problem), $"{text}: {problem}");
            return program;
        }
        catch (FilterException e)
        {
            problem = e.Message;
            return null;
        }
    }

    private static BpfProgram? Theirs(Libpcap libpcap, string text, LinkType linkType, bool optimise, out string problem)
    {
        BpfInstruction[]? code = libpcap.Compile(FilterParser.Parse(text)?.ToString() ?? "", linkType, optimise, out problem);
        if (code is null) return null;
        Assert.True(BpfProgram.TryCreate(code, out BpfProgram program, out problem), $"{text}: {problem}");
        return program;
    }
}
