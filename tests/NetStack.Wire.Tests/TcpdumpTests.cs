using System.Buffers.Binary;
using System.Diagnostics;
using static NetStack.Wire.Tests.Packets;

namespace NetStack.Wire.Tests;

/// <summary>The text of the views is tcpdump's, over random values, where tcpdump is installed.</summary>
public sealed class TcpdumpTests
{
    private const string Tool = "/usr/bin/tcpdump";
    private const string From4 = "IP 10.0.0.1 > 10.0.0.2: ";
    private const string From6 = "IP6 fd00::1 > fd00::2: ";

    private delegate void Text(ref LineWriter line);

    /// <summary>All flags but AE, which older versions do not print.</summary>
    [Fact]
    public void Tcp_flags_numbers_and_options() => Compare(200, random =>
    {
        TcpOptionsBuilder options = new(new byte[40]);
        if (random.Next(2) == 0) options.AddMaximumSegmentSize((ushort)random.Next(65536));
        if (random.Next(3) == 0) options.AddNoOperation();
        if (random.Next(2) == 0) options.AddSackPermitted();
        if (random.Next(3) == 0) options.AddSackBlocks([new((uint)random.Next(), 7), new(8, (uint)random.Next())]);
        if (options.Written.Length < 24 && random.Next(2) == 0) options.AddTimestamps((uint)random.Next(), (uint)random.Next());
        if (options.Written.Length < 37 && random.Next(2) == 0) options.AddWindowScale((byte)random.Next(15));
        byte[] payload = new byte[random.Next(3) == 0 ? random.Next(1, 60) : 0];
        TcpHeader header = new(40000, 40001, (uint)random.NextInt64(1L << 32), (uint)random.Next(), (TcpFlags)random.Next(0x100), (ushort)random.Next(65536)) { UrgentPointer = (ushort)random.Next(65536) };
        byte[] written = options.Written.ToArray();
        byte[] segment = Head(d => header.Write(d, written), payload);
        return (Ipv4(IpProtocol.Tcp, segment), "IP 10.0.0.1.40000 > 10.0.0.2.40001: " + Line((ref line) =>
        {
            Assert.True(TcpView.TryRead(segment, out TcpView view));
            view.AppendTo(ref line, payload.Length);
        }));
    });

    [Fact]
    public void Udp_over_both_versions() => Compare(20, random =>
    {
        byte[] payload = new byte[random.Next(100)];
        byte[] datagram = Head(new UdpHeader(40000, 40001, (ushort)(8 + payload.Length)).Write, payload);
        string text = Line((ref line) =>
        {
            Assert.True(UdpView.TryRead(datagram, out UdpView view));
            view.AppendTo(ref line, payload.Length);
        });
        return random.Next(2) == 0 ? (Ipv4(IpProtocol.Udp, datagram), "IP 10.0.0.1.40000 > 10.0.0.2.40001: " + text)
            : (Ipv6(IpProtocol.Udp, datagram), "IP6 fd00::1.40000 > fd00::2.40001: " + text);
    });

    [Fact]
    public void Icmp_echoes_and_errors() => Compare(200, random =>
    {
        byte[] quoted = random.Next(3) switch { 0 => Ipv4(IpProtocol.Udp, Udp(53)), 1 => Ipv4(IpProtocol.Tcp, Tcp([])), _ => Ipv4(IpProtocol.Esp, new byte[8]) };
        IcmpHeader header = random.Next(9) switch
        {
            0 => IcmpHeader.Echo((byte)(random.Next(2) * 8), (ushort)random.Next(65536), (ushort)random.Next(65536)),
            1 => IcmpHeader.Unreachable((byte)random.Next(3)),
            2 => IcmpHeader.FragmentationNeeded((ushort)random.Next(2000)),
            3 => IcmpHeader.TimeExceeded((byte)random.Next(2)),
            4 => IcmpHeader.ParameterProblem((byte)random.Next(20)),
            5 => new IcmpHeader(IcmpView.Redirect, (byte)random.Next(4), (uint)random.Next()),
            6 => IcmpHeader.Unreachable((byte)random.Next(5, 20)),
            7 => new IcmpHeader((byte)(random.Next(2) == 0 ? 13 : random.Next(20, 30)), (byte)random.Next(2), 5),
            _ => IcmpHeader.Unreachable(3),
        };
        if (header is { Type: 3, Code: 3 }) quoted = random.Next(2) == 0 ? Ipv4(IpProtocol.Udp, Udp(4000)) : Ipv4(IpProtocol.Tcp, Tcp([]));
        byte[] message = [.. new byte[8], .. quoted];
        header.WriteWithChecksum(message);
        return (Ipv4(IpProtocol.Icmp, message), From4 + Line((ref line) =>
        {
            Assert.True(IcmpView.TryRead(message, out IcmpView view));
            view.AppendTo(ref line, message.Length);
        }));
    });

    [Fact]
    public void Icmpv6_echoes_errors_discovery_and_groups() => Compare(200, random =>
    {
        byte[] message = random.Next(11) switch
        {
            0 => Head(Icmpv6Header.Echo((byte)random.Next(128, 130), (ushort)random.Next(65536), 7).Write),
            1 => Head(Icmpv6Header.Unreachable((byte)random.Next(5)).Write, Ipv6(IpProtocol.Udp, Udp(4000))),
            2 => Head(Icmpv6Header.PacketTooBig((uint)random.Next(1280, 9000)).Write, Ipv6(IpProtocol.Udp, Udp(4000))),
            3 => Head(Icmpv6Header.TimeExceeded((byte)random.Next(2)).Write, Ipv6(IpProtocol.Udp, Udp(4000))),
            4 => Head(new NeighborMessage((byte)random.Next(135, 137), A6, MacA).Write),
            5 => Head(new RouterAdvertisement(64, 1800).Write),
            6 => Head(RouterSolicitation.Write),
            7 => Head(new MldHeader(MldView.Report, 0, IpAddress.Parse("ff02::fb")).Write),
            8 => Head(Icmpv6Header.ParameterProblem((byte)random.Next(3), (uint)random.Next()).Write, Ipv6(IpProtocol.Udp, Udp(4000))),
            9 => [.. Head(new MldHeader(MldView.Query, 100, B6).Write), 2, 125, 0, 0],
            _ => Head(destination =>
            {
                GroupReportWriter report = GroupReportWriter.Mld(destination);
                report.TryAdd(GroupRecordType.ChangeToExclude, IpAddress.Parse("ff02::fb"));
                return report.Finish();
            }),
        };
        return (Ipv6(IpProtocol.Icmpv6, message), From6 + Line((ref line) =>
        {
            Assert.True(Icmpv6View.TryRead(message, out Icmpv6View view));
            view.AppendTo(ref line, message.Length);
        }));
    });

    [Fact]
    public void Igmp_of_every_version() => Compare(30, random =>
    {
        byte[] message = random.Next(5) switch
        {
            0 => Head(new IgmpHeader(IgmpView.Query, 100, default).Write),
            1 => Head(new IgmpHeader(IgmpView.Report2, 0, IpAddress.Parse("224.0.0.251")).Write),
            2 => Head(new IgmpHeader(IgmpView.Report1, 0, IpAddress.Parse("224.0.0.9")).Write),
            3 => Head(new IgmpHeader(IgmpView.Leave, 0, IpAddress.Parse("224.0.0.251")).Write),
            _ => Head(destination =>
            {
                GroupReportWriter report = GroupReportWriter.Igmp(destination);
                for (int i = random.Next(3); i >= 0; i--) report.TryAdd(GroupRecordType.ChangeToExclude, IpAddress.Parse("224.0.0.251"), [A4]);
                return report.Finish();
            }),
        };
        return (Ipv4(IpProtocol.Igmp, message), From4 + Line((ref line) =>
        {
            Assert.True(IgmpView.TryRead(message, out IgmpView view));
            view.AppendTo(ref line);
        }));
    });

    [Fact]
    public void Addresses_of_ipv6_in_their_canonical_form() => Compare(400, random =>
    {
        UInt128 value = new((ulong)random.NextInt64(), (ulong)random.NextInt64());
        for (int i = 0; i < 8; i++)
            if (random.Next(3) > 0) value &= ~((UInt128)0xFFFF << (16 * i));
        IpAddress source = IpAddress.V6(random.Next(20) switch { 0 => value & 0xFFFF_FFFF, 1 => (value & 0xFFFF_FFFF) | (UInt128)0xFFFF << 32, _ => value });
        return (Head(new Ipv6Header(source, B6, IpProtocol.NoNext, 0).Write), $"IP6 {source} > fd00::2: no next header");
    });

    private static string Line(Text append)
    {
        LineWriter line = new(new byte[1024]);
        append(ref line);
        return line.ToString();
    }

    private static void Compare(int count, Func<Random, (byte[] Packet, string Text)> make)
    {
        Assert.SkipUnless(File.Exists(Tool), $"{Tool} is not installed");
        (byte[] Packet, string Text)[] packets = [.. Enumerable.Range(0, count).Select(seed => make(new Random(seed)))];
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, Capture(packets.Select(p => p.Packet)));
            string[] lines = Run(file);
            for (int seed = 0; seed < count; seed++)
                Assert.True(packets[seed].Text == lines[seed], $"seed {seed}: {Convert.ToHexString(packets[seed].Packet)}\n  tcpdump {lines[seed]}\n  ours    {packets[seed].Text}");
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>A pcap file of raw IP packets.</summary>
    private static byte[] Capture(IEnumerable<byte[]> packets)
    {
        List<byte> file = [.. Hex("d4c3b2a1 0200 0400 00000000 00000000 00000400 65000000")];
        foreach (byte[] packet in packets)
        {
            byte[] header = new byte[16];
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), packet.Length);
            BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), packet.Length);
            file.AddRange([.. header, .. packet]);
        }
        return [.. file];
    }

    private static string[] Run(string file)
    {
        ProcessStartInfo start = new(Tool, ["-nn", "-t", "-S", "-r", file]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        output = output.Replace("listener reportmax", "listener report max", StringComparison.Ordinal) // 4.99.3 forgets one space
            .Replace(",  unreachable", ", unreachable", StringComparison.Ordinal); // and has one too many
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
