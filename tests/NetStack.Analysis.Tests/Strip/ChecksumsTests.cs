using NetStack.Memory;
using NetStack.TestCaptures;
using NetStack.Wire;

namespace NetStack.Analysis.Tests.Strip;

/// <summary>After addresses got other names: the new headers, put in front of the old bodies, must be right where they were.</summary>
public sealed class ChecksumsTests
{
    [Theory]
    [MemberData(nameof(SampleCaptures.Names), MemberType = typeof(SampleCaptures))]
    public void What_was_right_stays_right(string name) => Check(File.ReadAllBytes(SampleCaptures.PathOf(name)), spoil: false);

    [Theory]
    [MemberData(nameof(SampleCaptures.Names), MemberType = typeof(SampleCaptures))]
    public void What_was_wrong_stays_wrong(string name) => Check(File.ReadAllBytes(SampleCaptures.PathOf(name)), spoil: true);

    [Fact]
    public void A_checksum_over_a_tunnel_follows_what_changes_inside_it()
    {
        byte[] inner = Udp("10.1.2.3", "10.1.2.4", 5000, 53, [1, 2, 3, 4, 5]);
        byte[] vxlan = [8, 0, 0, 0, 0, 0, 9, 0, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, .. inner];
        byte[] outer = Udp("192.0.2.1", "192.0.2.2", 40000, VxlanView.Port, vxlan);
        using CaptureReader capture = CaptureReader.Open(StripFiles.Write(LinkType.Raw, (outer, outer.Length)));
        using AddressAnonymiser names = new("t");
        CaptureStripper stripper = new(new CaptureStripperOptions { Anonymiser = names });
        Assert.True(capture.TryRead(out CaptureRecord record));
        byte[] kept = stripper.Strip(record).ToArray();
        byte[] whole = [.. kept, .. outer[kept.Length..]];
        Assert.False(whole.AsSpan().SequenceEqual(outer));
        Assert.True(IsRight(whole, 0));
        Assert.True(IsRight(whole, 20 + 8 + 8 + 14));
    }

    private static void Check(byte[] file, bool spoil)
    {
        using AddressAnonymiser names = new("a key");
        CaptureStripper stripper = new(new CaptureStripperOptions { Anonymiser = names });
        using CaptureReader capture = CaptureReader.Open(new MemoryStream(file));
        int checkedPackets = 0;
        while (capture.TryRead(out CaptureRecord record))
        {
            byte[] before = new byte[record.CapturedLength];
            record.Body.CopyTo(0, before, capture.Meter);
            if (spoil) before[^1] ^= 0x40; // of most packets the last byte of the body, whose checksum is now wrong
            PacketHeaders headers = PacketHeaders.Decode(record);
            bool isWhole = headers.TryGet(LayerKind.Ipv4, out Layer ip) || headers.TryGet(LayerKind.Ipv6, out ip);
            if (!isWhole || ip.End != before.Length) continue;
            using CaptureReader one = CaptureReader.Open(StripFiles.Write(record.LinkType, (before, before.Length)));
            Assert.True(one.TryRead(out CaptureRecord spoiled));
            byte[] kept = stripper.Strip(spoiled).ToArray();
            byte[] after = [.. kept, .. before[kept.Length..]];
            Assert.True(IsRight(before, ip.Offset) == IsRight(after, ip.Offset), $"packet {record.Number}: {Convert.ToHexString(before)} became {Convert.ToHexString(after)}");
            checkedPackets++;
        }
        Assert.True(checkedPackets > 0 || file.Length < 2000 || !spoil, "no packet was checked");
    }

    /// <summary>Whether the checksums of an IP packet and of what it carries are right; a fragment's is not looked at.</summary>
    private static bool IsRight(byte[] packet, int at)
    {
        ReadOnlySpan<byte> ip = packet.AsSpan(at);
        bool isV4 = ip[0] >> 4 == 4;
        int header = isV4 ? (ip[0] & 15) * 4 : 40;
        if (isV4 && InternetChecksum.Compute(ip[..header]) != 0) return false;
        if (isV4 && ((ip[6] << 8 | ip[7]) & 0x3FFF) != 0) return true;
        int protocol = isV4 ? ip[9] : ip[6];
        if (protocol is not (1 or 6 or 17 or 58)) return true;
        int end = isV4 ? ip[2] << 8 | ip[3] : 40 + (ip[4] << 8 | ip[5]);
        ReadOnlySpan<byte> transport = ip[header..end];
        if (protocol == 17 && transport[6] == 0 && transport[7] == 0) return true;
        ChecksumAccumulator sum = default;
        if (protocol != 1)
        {
            sum.AddU16((ushort)protocol);
            sum.AddU32((uint)transport.Length);
            sum.Add(ip.Slice(isV4 ? 12 : 8, isV4 ? 8 : 32));
        }
        sum.Add(transport); // last: its length may be odd
        return sum.Finish() == 0;
    }

    private static byte[] Udp(string source, string destination, ushort from, ushort to, byte[] body)
    {
        byte[] packet = new byte[28 + body.Length];
        new Ipv4Header(IpAddress.Parse(source), IpAddress.Parse(destination), IpProtocol.Udp, (ushort)packet.Length).Write(packet);
        new UdpHeader(from, to, (ushort)(8 + body.Length)).Write(packet.AsSpan(20));
        body.CopyTo(packet, 28);
        ChecksumAccumulator sum = default;
        sum.AddU16(17);
        sum.AddU16((ushort)(8 + body.Length));
        sum.Add(packet.AsSpan(12));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(26), sum.Finish());
        return packet;
    }
}
