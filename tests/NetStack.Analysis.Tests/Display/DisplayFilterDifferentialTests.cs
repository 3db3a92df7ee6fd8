using System.Collections.Concurrent;
using NetStack.Nic.Pcap;
using NetStack.Wire;

namespace NetStack.Analysis.Tests;

/// <summary>Filters made from the fields and values of real packets choose the packets that tshark chooses.</summary>
public sealed class DisplayFilterDifferentialTests
{
    private const int AtOnce = 24; // filters for one run of tshark

    private static readonly int Generated = LongTests.Asked ? 2_000 : 96;

    private static readonly string[] Written =
    [
        "arp || tcp && ipv6", "tcp && !ip || arp", "not tcp or udp and ip", "!tcp.port == 80", "tcp.port != 80", "tcp.port ~= 80", "tcp.port === 80", "all tcp.port > 100",
        "any tcp.port > 100", "tcp.port not in {80, 90}", "tcp.port in {1..90, 200 .. 300}", "tcp.flags & 2", "tcp.flags & 0x12 == 0x12", "tcp.flags.syn == True", "ip.addr > 10.0.0.0/8",
        "frame.protocols matches \"TCP\"", "eth.src[0:3] == 00:00:5e", "eth.src[0-2] == 00:00:5e", "eth.src[3] == 0", "ip.src[0:2] == c0:00", "tcp.port == 'P'", "tcp.port == 0120",
        "eth.src[-1] == 1", "eth.src[0:2,4:2] == 00:00:53:01", "ip.addr & 255.0.0.0 == 192.0.0.0", "eth.src & 00:00:00:00:00:01", "ip.ttl & 3 != 0", "tcp.srcport < tcp.dstport",
        "ip.src == ip.dst", "tcp.port in {tcp.srcport}", "ip.src in {10.0.0.0/8, 192.0.2.1}", "frame.time_delta in {0.0 .. 0.001}", "tcp.options contains 02:04", "eth.addr contains 53:01",
        "eth.dst[0] & 1", "tcp[13] & 2", "tcp[13] == 2", "ip[8] == 40", "ip[8:1] == 0x40", "tcp[0:2] == 00:50", "ipv6.addr == fe80::/10", "ip.src==192.0.2.1/24 and (udp or icmp)",
        "tcp.flags==0x12&&ip", "frame.time_relative >= 0.5", "frame.time_relative < 0", "eth.len", "tcp.options[0:1] == 02", "tcp.flags.str contains \"A\"", "ip.checksum.status == 1",
        "any ip.addr != 192.0.2.1", "all ip.addr == 192.0.2.0/24", "frame.protocols contains \"icmp\" and not frame.protocols matches \"ip:udp\"",
    ];

    [Fact]
    public void Written_filters_choose_the_same_packets() => Check(Written);

    [Fact]
    public void Generated_filters_choose_the_same_packets()
    {
        Random random = new(7919);
        List<string> tests = [.. FilterMaker.Tests(HeaderTshark.AllSamples, random, Generated * 2)];
        Check([.. Enumerable.Range(0, Generated).Select(_ => FilterMaker.Join(tests, random, 3))]);
    }

    private static void Check(string[] filters)
    {
        string path = HeaderTshark.AllSamples;
        string[] alone = [.. filters.Where(f => f.Contains(',', StringComparison.Ordinal))];
        string[][] groups = [.. filters.Except(alone).Chunk(AtOnce), .. alone.Select(f => new[] { f })];
        ConcurrentBag<string> failures = [];
        Parallel.ForEach(groups, new ParallelOptions { MaxDegreeOfParallelism = 2 }, group =>
        {
            (long Count, long Sum)[] theirs = group.Length == 1 ? [Summary(Theirs(path, group[0]))] : Summaries(path, group);
            for (int i = 0; i < group.Length; i++)
            {
                long[] ours = Matching(path, group[i]);
                if (Summary(ours) != theirs[i]) failures.Add($"{group[i]}: tshark {string.Join(',', Theirs(path, group[i]))}; here {string.Join(',', ours)}");
            }
        });
        Assert.Empty(failures);
    }

    private static long[] Theirs(string path, string filter) => [.. HeaderTshark.Run(path, "-Y", filter, "-T", "fields", "-e", "frame.number").Select(long.Parse)];

    /// <summary>How many packets each of several filters chooses, and the sum of their numbers: one run of tshark, whose list of filters is parted by commas.</summary>
    private static (long Count, long Sum)[] Summaries(string path, string[] filters)
    {
        IEnumerable<string> columns = filters.SelectMany(f => new[] { "COUNT", "SUM" }.Select(what => $"{what}(frame.number)frame.number && ({f})"));
        string[] table = HeaderTshark.Run(path, "-q", "-z", "io,stat,0," + string.Join(',', columns));
        long[] values = [.. table.Single(l => l.Contains("<>", StringComparison.Ordinal)).Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Skip(1).Select(long.Parse)];
        Assert.Equal(2 * filters.Length, values.Length);
        return [.. values.Chunk(2).Select(v => (v[0], v[1]))];
    }

    private static (long Count, long Sum) Summary(long[] numbers) => (numbers.Length, numbers.Sum());

    internal static long[] Matching(string path, string expression)
    {
        DisplayFilter filter = DisplayFilter.Parse(expression);
        List<long> numbers = [];
        using CaptureReader capture = CaptureReader.Open(path);
        while (capture.TryRead(out CaptureRecord record))
        {
            PacketHeaders headers = PacketHeaders.Decode(record);
            if (filter.Matches(headers, default)) numbers.Add(headers.Info.Number);
        }
        return [.. numbers];
    }
}
