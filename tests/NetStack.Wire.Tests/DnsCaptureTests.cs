using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace NetStack.Wire.Tests;

/// <summary>DNS and DHCP messages of real and damaged captures, against what tshark makes of them.</summary>
public sealed class DnsCaptureTests
{
    private const string Tool = "/usr/bin/tshark";
    private const int MaxRuns = 3; // each takes a second or more

    [Fact]
    public void Names_types_times_and_addresses_of_DNS_are_tsharks()
    {
        string text = "";
        int messages = Compare("dns", ["dns.id", "dns.flags.response", "dns.qry.name", "dns.resp.name", "dns.resp.type", "dns.resp.ttl", "dns.a", "dns.aaaa"], ref text, Line);
        Assert.True(messages >= 50, $"only {messages} messages");

        static string? Line(ReadOnlySpan<byte> payload)
        {
            if (!DnsView.TryRead(payload, out DnsView view)) return null;
            List<string> asked = [], owners = [], types = [], times = [], v4 = [], v6 = [];
            DnsReader reader = view.Records;
            while (reader.MoveNext())
            {
                string name = reader.Name.IsRoot ? "<Root>" : reader.Name.ToString();
                if (reader.Section == DnsSection.Question)
                {
                    asked.Add(name);
                    continue;
                }
                if (reader.Type is not (DnsType.Opt or DnsType.Srv or <= DnsType.Aaaa)) return null; // tshark gives parts of others' data these names, too
                owners.Add(name);
                types.Add(((ushort)reader.Type).ToString(CultureInfo.InvariantCulture));
                if (reader.Type != DnsType.Opt) times.Add(reader.TimeToLive.ToString(CultureInfo.InvariantCulture));
                if (!reader.TryGetAddress(out IpAddress address)) continue;
                (address.IsV4 ? v4 : v6).Add(address.ToString());
            }
            if (reader.IsMalformed) return null; // tshark may show a part
            return string.Join('\t', $"0x{view.Id:x4}", view.IsResponse ? "1" : "0", Join(asked), Join(owners), Join(types), Join(times), Join(v4), Join(v6));
        }
    }

    [Fact]
    public void Fields_and_options_of_DHCP_are_tsharks()
    {
        string text = "";
        int messages = Compare("dhcp", ["dhcp.id", "dhcp.ip.client", "dhcp.ip.your", "dhcp.option.dhcp", "dhcp.option.dhcp_server_id", "dhcp.option.ip_address_lease_time"], ref text, Line);
        Assert.True(messages >= 4, $"only {messages} messages");

        static string? Line(ReadOnlySpan<byte> payload)
        {
            if (!Dhcpv4View.TryRead(payload, out Dhcpv4View view)) return null;
            Dhcpv4OptionReader reader = view.Options;
            while (reader.MoveNext()) { }
            if (reader.IsMalformed || view.MessageType == Dhcpv4MessageType.None) return null;
            string server = view.TryFindAddress(Dhcpv4Option.ServerIdentifier, out IpAddress id) ? id.ToString() : "";
            string lease = view.TryFindNumber(Dhcpv4Option.LeaseTime, out uint seconds) ? seconds.ToString(CultureInfo.InvariantCulture) : "";
            return string.Join('\t', $"0x{view.TransactionId:x8}", view.ClientAddress, view.YourAddress, (byte)view.MessageType, server, lease);
        }
    }

    private delegate string? Describe(ReadOnlySpan<byte> payload);

    /// <summary>Compares every UDP datagram whose ports are the protocol's and that both read whole, of the captures that have most of them.</summary>
    private static int Compare(string protocol, string[] fields, ref string text, Describe describe)
    {
        string files = RepositoryRoot.PathOf("../shared/captures/files");
        Assert.SkipUnless(Directory.Exists(files), "there are no captures in ../shared/captures beside the repository");
        Assert.SkipUnless(File.Exists(Tool), "tshark is not installed");
        int messages = 0;
        (ushort Low, ushort High) ports = protocol == "dns" ? ((ushort)53, (ushort)53) : ((ushort)67, (ushort)68);
        var most = Directory.EnumerateFiles(files).Order(StringComparer.Ordinal).Select(f => (File: f, Ours: Ours(f, ports, describe))).OrderByDescending(f => f.Ours.Count).Take(MaxRuns);
        foreach ((string file, Dictionary<long, string> ours) in most)
        {
            string[] arguments = ["-r", file, "-Y", $"udp && {protocol} && !icmp && !icmpv6 && !_ws.malformed && !_ws.short", "-T", "fields", "-e", "frame.number", .. fields.SelectMany(f => new[] { "-e", f }), "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"];
            foreach (string line in Run(arguments))
            {
                int tab = line.IndexOf('\t', StringComparison.Ordinal);
                if (!long.TryParse(line[..tab], NumberStyles.None, CultureInfo.InvariantCulture, out long number) || !ours.TryGetValue(number, out string? own)) continue;
                text = $"{Path.GetFileName(file)}, frame {number}";
                Assert.True(line[(tab + 1)..] == own, $"{text}:\ntshark {line[(tab + 1)..]}\nours   {own}");
                messages++;
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"{messages} messages");
        return messages;
    }

    private static Dictionary<long, string> Ours(string file, (ushort Low, ushort High) ports, Describe describe)
    {
        Dictionary<long, string> lines = [];
        try
        {
            using CaptureReader reader = CaptureReader.Open(file);
            for (long number = 1; reader.TryRead(out CaptureRecord record); number++)
            {
                PacketHeaders headers = PacketHeaders.Decode(record.Headers, record.LinkType, record.WireLength);
                Layer last = headers.Layers.Length == 0 ? default : headers.Layers[^1];
                if (last.Kind != LayerKind.Udp || !UdpView.TryRead(headers.BytesOf(last), out UdpView udp)) continue;
                bool isOne = (udp.SourcePort >= ports.Low && udp.SourcePort <= ports.High) || (udp.DestinationPort >= ports.Low && udp.DestinationPort <= ports.High);
                ReadOnlySpan<byte> payload = PayloadOf(record.Headers.Require(record.CapturedLength), last, udp.Length);
                if (isOne && describe(payload) is { } line) lines[number] = line;
            }
        }
        catch (CaptureFormatException)
        {
            // damaged before the first packet
        }
        return lines;
    }

    private static ReadOnlySpan<byte> PayloadOf(ReadOnlySpan<byte> frame, Layer udp, int length)
    {
        int start = udp.Offset + UdpHeader.Size;
        int end = Math.Min(udp.Offset + length, frame.Length);
        return start >= end ? default : frame[start..end];
    }

    private static string Join(List<string> values) => string.Join(',', values);

    private static string[] Run(string[] arguments)
    {
        ProcessStartInfo start = new(Tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8 };
        using Process process = Process.Start(start)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
