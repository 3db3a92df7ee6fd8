using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using NetStack.Wire;
using static NetStack.Nic.Pcap.Tests.Captures;

namespace NetStack.Nic.Pcap.Tests;

/// <summary>Files written here, read by the programs people have; skipped where those are not installed.</summary>
public sealed class ToolTests
{
    private static readonly CaptureWriterOptions Pcap = new() { Format = CaptureFileFormat.Pcap };

    [Fact]
    public void Tshark_reads_packets_times_interfaces_comments_and_directions()
    {
        string text = Run("tshark", Full(), "-r", "FILE", "-o", "nameres.network_name:TRUE", "-T", "fields", "-E", "separator=|", "-e", "frame.number", "-e", "frame.time_epoch", "-e", "frame.cap_len", "-e", "frame.len", "-e", "frame.interface_name", "-e", "frame.comment", "-e", "frame.packet_flags_direction");
        Assert.Equal(
            ["1|1700000000.123456789|60|60|eth0|first|0x00000001", "2|1700000001.000001000|60|1500|raw0||0x00000002", "3|1700000002.000000000|60|60|eth0|grüße|"],
            text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Trim()).Where(l => !l.Contains("||", StringComparison.Ordinal) || l[2] != '|')); // tshark lists the custom block as well
    }

    [Fact]
    public void Tshark_reads_pcap_of_both_units()
    {
        foreach (TimeResolution unit in new[] { TimeResolution.Microseconds, TimeResolution.Nanoseconds })
        {
            byte[] file = Write(w => w.Write(Ethernet(1), 60, At(1_700_000_000, 123_456_000), w.AddInterface(LinkType.Ethernet, 0, unit)), Pcap);
            Assert.Equal("1700000000.123456000|60", Run("tshark", file, "-r", "FILE", "-T", "fields", "-E", "separator=|", "-e", "frame.time_epoch", "-e", "frame.len").Trim());
        }
    }

    [Fact]
    public void Capinfos_finds_nothing_wrong()
    {
        string text = Run("capinfos", Full(), "-M", "FILE");
        Assert.Contains("Number of packets:   3", text, StringComparison.Ordinal);
        Assert.Contains("Capture comment:     a section", text, StringComparison.Ordinal);
        Assert.Contains("Capture application: tests", text, StringComparison.Ordinal);
        Assert.Contains("Number of interfaces in file: 2", text, StringComparison.Ordinal);
        Assert.Contains("Number of stat entries = 1", text, StringComparison.Ordinal);
        Assert.Contains("Number of resolved IPv4 addresses in file: 1", text, StringComparison.Ordinal);
        Assert.Contains("Number of decryption secrets in file: 1", text, StringComparison.Ordinal);
    }

    [Theory, InlineData(CaptureFileFormat.PcapNg), InlineData(CaptureFileFormat.Pcap)]
    public void Tcpdump_reads_packets_and_times(CaptureFileFormat format)
    {
        byte[] file = Write(
            w =>
            {
                w.AddInterface(LinkType.Ethernet);
                for (int i = 1; i <= 3; i++) w.Write(Ethernet(i), 60, At(1_700_000_000 + i, i));
            },
            new CaptureWriterOptions { Format = format });
        string[] lines = Run("tcpdump", file, "-nn", "-tt", "--nano", "-r", "FILE").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["1700000001.000000001", "1700000002.000000002", "1700000003.000000003"], lines.Select(l => l.Split(' ')[0]));
        Assert.All(lines, l => Assert.Contains("UDP", l, StringComparison.Ordinal));
    }

    private static byte[] Full() => Write(
        writer =>
        {
            int eth = writer.AddInterface(LinkType.Ethernet, 0, name: "eth0", description: "left");
            int raw = writer.AddInterface(LinkType.Raw, 65535, TimeResolution.Microseconds, "raw0");
            writer.WriteNames(new CaptureName(IpAddress.V4(0x0A000001), "one.test"));
            writer.WriteSecrets(CaptureSecrets.TlsKeyLog, "CLIENT_RANDOM 00 00\n"u8);
            writer.Write(Ethernet(1), 60, At(1_700_000_000, 123_456_789), eth, "first", PacketDirection.Inbound);
            writer.Write(Ethernet(2).AsSpan(14).ToArray().Concat(new byte[14]).ToArray(), 1500, At(1_700_000_001, 1999), raw, null, PacketDirection.Outbound);
            writer.Write(Ethernet(3), 60, At(1_700_000_002), eth, "grüße");
            writer.WriteStatistics(eth, At(1_700_000_003), new InterfaceStatistics(Received: 2, Dropped: 1));
            writer.WriteBlock(CaptureBlockType.Custom, [1, 0, 0, 0, 9, 9, 9, 9]);
        },
        new CaptureWriterOptions { Section = new CaptureSection { Comment = "a section", Application = "tests", Hardware = "none", OperatingSystem = "any" } });

    /// <summary>A UDP datagram of 60 bytes with Ethernet.</summary>
    private static byte[] Ethernet(int id)
    {
        byte[] frame = new byte[60];
        byte[] head = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 46, 0, (byte)id, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0x30, 0x39, 0x30, 0x3A, 0, 26, 0, 0];
        head.CopyTo(frame, 0);
        return frame;
    }

    private static string Run(string tool, byte[] file, params string[] arguments)
    {
        string path = Path.Combine(Path.GetTempPath(), $"netstack-{Guid.NewGuid():N}.cap");
        File.WriteAllBytes(path, file);
        try
        {
            ProcessStartInfo start = new(tool) { RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (string argument in arguments) start.ArgumentList.Add(argument == "FILE" ? path : argument);
            start.Environment["LC_ALL"] = "C.UTF-8";
            start.Environment["TZ"] = "UTC";
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            Assert.True(process.ExitCode == 0, string.Create(CultureInfo.InvariantCulture, $"{tool} {process.ExitCode}: {errors.Result}"));
            return output;
        }
        catch (Win32Exception)
        {
            Assert.Skip($"{tool} is not installed");
            return "";
        }
        finally
        {
            File.Delete(path);
        }
    }
}
