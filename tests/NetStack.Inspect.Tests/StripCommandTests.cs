using System.Diagnostics;
using NetStack.TestCaptures;

namespace NetStack.Inspect.Tests;

/// <summary>strip: the copy has every header and no body, also as others read it.</summary>
public sealed class StripCommandTests(TempFolder folder) : IClassFixture<TempFolder>
{
    // Without checksum checks: tshark cannot sum bytes that are not there. Above TCP and UDP there is nothing left to compare.
    private static readonly string[] Fields =
    [
        "frame.time_epoch", "frame.len", "eth.src", "eth.dst", "eth.type", "vlan.id", "arp.opcode", "arp.src.proto_ipv4", "arp.dst.hw_mac", "ip.src", "ip.dst", "ip.id", "ip.len", "ip.ttl",
        "ip.proto", "ip.checksum", "ip.frag_offset", "ip.flags", "ipv6.src", "ipv6.dst", "ipv6.plen", "ipv6.hlim", "ipv6.fraghdr.offset", "ipv6.fraghdr.ident", "tcp.srcport", "tcp.dstport", "tcp.seq_raw",
        "tcp.ack_raw", "tcp.flags", "tcp.window_size_value", "tcp.checksum", "tcp.len", "tcp.options", "udp.srcport", "udp.dstport", "udp.length", "udp.checksum", "icmp.type", "icmp.code",
        "icmp.checksum", "icmp.ident", "icmp.seq", "icmpv6.type", "icmpv6.checksum", "icmpv6.nd.ns.target_address",
    ];

    public static TheoryData<string> Captures => SampleCaptures.Names;

    [Theory, MemberData(nameof(Captures))]
    public async Task Tshark_reads_the_same_headers_from_the_copy(string name)
    {
        string[] whole = await Tshark(SampleCaptures.PathOf(name));
        string[] copy = await Tshark(await Strip(name));
        Assert.NotEmpty(whole);
        Assert.Equal(whole, copy);
    }

    [Theory, MemberData(nameof(Captures))]
    public async Task Each_field_of_the_headers_is_the_same_in_the_copy_and_no_body_was_read(string name)
    {
        string copy = await Strip(name);
        string[] words = ["inspect", "-T", "fields", .. Fields.SelectMany(f => new[] { "-e", f })];
        Assert.Equal(await Tool.RunAsync([.. words, SampleCaptures.PathOf(name)]), await Tool.RunAsync([.. words, copy]));
        ToolRun again = await Tool.RunAsync("strip", "--stats", copy, Path.Combine(folder.Self, "again-" + name));
        Assert.Contains("body bytes removed 0", again.Error);
        Assert.Contains("body bytes read 0", again.Error);
        Assert.Equal(await File.ReadAllBytesAsync(copy, TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(Path.Combine(folder.Self, "again-" + name), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_key_gives_other_addresses_and_the_same_key_the_same()
    {
        string web = SampleCaptures.PathOf("web"), one = Path.Combine(folder.Self, "one.pcapng"), two = Path.Combine(folder.Self, "two.pcapng");
        string key = folder.Write("key", "correct horse\n"u8.ToArray());
        Assert.Equal(0, (await Tool.RunAsync("strip", "--anonymise", "correct horse", web, one)).Exit);
        Assert.Equal(0, (await Tool.RunAsync("strip", "--anonymise-key-file", key, web, two)).Exit);
        Assert.Equal(await File.ReadAllBytesAsync(one, TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(two, TestContext.Current.CancellationToken));
        Assert.DoesNotContain("192.0.2.1", (await Tool.RunAsync("inspect", one)).Output);
        Assert.Contains("give one key", (await Tool.RunAsync("strip", "--anonymise", "a", "--anonymise-key-file", key, web, one)).Error);
    }

    private async Task<string> Strip(string name)
    {
        string copy = Path.Combine(folder.Self, $"{Guid.NewGuid():N}.pcapng");
        ToolRun run = await Tool.RunAsync("strip", SampleCaptures.PathOf(name), copy);
        Assert.Equal((0, ""), (run.Exit, run.Output));
        return copy;
    }

    private static async Task<string[]> Tshark(string file)
    {
        const string program = "/usr/bin/tshark";
        Assert.SkipUnless(File.Exists(program), "tshark is not installed");
        string[] options = ["-r", file, "-n", "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE", "-o", "tcp.desegment_tcp_streams:FALSE", "-T", "fields", .. Fields.SelectMany(f => new[] { "-e", f })];
        using Process process = Process.Start(new ProcessStartInfo(program, options) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, await errors);
        return output.Split('\n');
    }
}
