using System.Buffers.Binary;

namespace NetStack.Inspect.Tests;

/// <summary>Damaged captures, each cut from one of twenty packets or put together wrong: every kind of damage that users meet.</summary>
internal static class DamagedFiles
{
    private const int Packets = 20;
    private const int Hit = 10; // the record that is damaged

    private static readonly byte[][] Data = [.. Enumerable.Range(0, Packets).Select(Tcp)];

    /// <summary>All of them, by name.</summary>
    internal static IEnumerable<(string Name, byte[] File)> All() => [.. Pcap(), .. InsidePackets(), .. PcapNg(), .. PcapNgSections()];

    private static IEnumerable<(string Name, byte[] File)> Pcap()
    {
        byte[] good = PcapOf(false, Data);
        int at = Start(Hit), length = Data[Hit].Length;
        yield return ("good.pcap", good);
        yield return ("empty.pcap", []);
        yield return ("magic-only.pcap", good[..4]);
        yield return ("header-short.pcap", good[..23]);
        yield return ("header-only.pcap", good[..24]);
        yield return ("cut-in-record-header.pcap", good[..(at + 7)]);
        yield return ("cut-in-packet.pcap", good[..(at + 16 + 20)]);
        yield return ("bad-magic.pcap", [0, 1, 2, 3, .. good[4..]]);
        yield return ("bad-version.pcap", Put(good, 4, 0x0009_0009));
        yield return ("unknown-linktype.pcap", Put(good, 20, 60_000));
        yield return ("caplen-huge.pcap", Put(good, at + 8, 0x7FFF_FFFF));
        yield return ("caplen-ffffffff.pcap", Put(good, at + 8, 0xFFFF_FFFF));
        yield return ("caplen-over-snaplen.pcap", Put(good, at + 8, 300_000));
        yield return ("caplen-gt-len.pcap", Put(good, at + 12, 10));
        yield return ("caplen-zero.pcap", [.. good[..(at + 8)], .. new byte[8], .. good[(at + 16 + length)..]]);
        yield return ("usec-overflow.pcap", Put(good, at + 4, 5_000_000));
        yield return ("garbage-middle.pcap", [.. good[..at], .. Enumerable.Repeat((byte)0xAA, 100), .. good[at..]]);
        yield return ("zeros-middle.pcap", [.. good[..at], .. new byte[100], .. good[at..]]);
        yield return ("appended.pcap", [.. good, .. good]);
        yield return ("bigendian.pcap", PcapOf(true, Data));
    }

    private static IEnumerable<(string Name, byte[] File)> InsidePackets()
    {
        byte[] good = PcapOf(false, Data);
        int ip = Start(Hit) + 16 + 14;
        yield return ("ip-ihl-4.pcap", With(good, ip, 0x44));
        yield return ("ip-totlen-huge.pcap", With(good, ip + 2, 0xFF));
        yield return ("ip-version-9.pcap", With(good, ip, 0x95));
        yield return ("tcp-off-15.pcap", With(good, ip + 20 + 12, 0xF0));
        yield return ("snapped-20.pcap", PcapOf(false, [.. Data.Select(d => d[..20])]));
    }

    private static IEnumerable<(string Name, byte[] File)> PcapNg()
    {
        byte[] good = [.. Section(), .. Interface(), .. Data.SelectMany((d, i) => Enhanced(i, d))];
        byte[] one = [.. Section(), .. Interface(), .. Enhanced(0, Data[0])];
        yield return ("good.pcapng", good);
        yield return ("cut.pcapng", good[..^50]);
        yield return ("no-idb.pcapng", [.. Section(), .. Data.SelectMany((d, i) => Enhanced(i, d))]);
        yield return ("ifid-9.pcapng", [.. one, .. Enhanced(1, Data[1], on: 9), .. Enhanced(2, Data[2])]);
        yield return ("trailer-mismatch.pcapng", Put(good, good.Length - 4, 99));
        yield return ("garbage-middle.pcapng", [.. one, .. Enumerable.Repeat((byte)0xAA, 101), .. Enhanced(1, Data[1])]);
        yield return ("unknown-block.pcapng", [.. one, .. Block(0x0BAD, [1, 2, 3, 4, 5, 0, 0, 0]), .. Enhanced(1, Data[1])]);
        yield return ("len-not-mult4.pcapng", [.. one, .. Words(6, 61), .. Data[0]]);
        yield return ("len-huge.pcapng", [.. one, .. Words(6, 0x7FFF_FFF0), .. Data[0]]);
        yield return ("caplen-past-block.pcapng", [.. one, .. Enhanced(1, Data[1], captured: 100_000), .. Enhanced(2, Data[2])]);
    }

    private static IEnumerable<(string Name, byte[] File)> PcapNgSections()
    {
        byte[] one = [.. Section(), .. Interface(), .. Enhanced(0, Data[0])];
        yield return ("two-linktypes.pcapng", [.. one, .. Interface(113), .. Enhanced(1, Data[1], on: 1)]);
        yield return ("two-snaplens.pcapng", [.. one, .. Interface(1, 64), .. Enhanced(1, Data[1], on: 1)]);
        yield return ("two-sections.pcapng", [.. one, .. one]);
        yield return ("spb.pcapng", [.. Section(), .. Interface(), .. Block(3, [.. Words((uint)Data[0].Length), .. Data[0]]), .. Enhanced(1, Data[1])]);
        yield return ("dsb.pcapng", [.. Section(), .. Interface(), .. Block(10, [.. Words(0x544C534B, 4), .. "abcd"u8]), .. Enhanced(1, Data[1])]);
        yield return ("too-many-interfaces.pcapng", [.. one, .. Enumerable.Repeat(Interface(), 65_536).SelectMany(b => b), .. Enhanced(1, Data[1])]);
    }

    /// <summary>Ethernet, IPv4 and TCP with some data.</summary>
    private static byte[] Tcp(int number)
    {
        byte[] frame = new byte[60 + 4 * number];
        byte[] head = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, (byte)(frame.Length - 14), 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0xC0, 0, 0, 80, 0, 0, 0, (byte)number, 0, 0, 0, 1, 0x50, 0x18, 1, 0];
        head.CopyTo(frame, 0);
        return frame;
    }

    private static int Start(int record) => 24 + Data.Take(record).Sum(d => 16 + d.Length);

    private static byte[] PcapOf(bool isBigEndian, byte[][] packets)
    {
        byte[] Order(byte[] words)
        {
            if (isBigEndian) for (int i = 0; i < words.Length; i += 4) words.AsSpan(i, 4).Reverse();
            return words;
        }

        byte[] version = isBigEndian ? [0, 2, 0, 4] : [2, 0, 4, 0];
        return [.. Order(Words(0xA1B2C3D4)), .. version, .. Order(Words(0, 0, 262144, 1)), .. packets.SelectMany((p, i) => (byte[])[.. Order(Words(1_700_000_000, (uint)i, (uint)p.Length, (uint)Data[i].Length)), .. p])];
    }

    private static byte[] Section() => Block(0x0A0D0D0A, [.. Words(0x1A2B3C4D, 1, uint.MaxValue, uint.MaxValue)]);

    private static byte[] Interface(uint linkType = 1, uint snapLength = 262144) => Block(1, Words(linkType, snapLength));

    private static byte[] Enhanced(int time, byte[] data, uint on = 0, uint? captured = null) =>
        Block(6, [.. Words(on, 0, (uint)time, captured ?? (uint)data.Length, (uint)data.Length), .. data]);

    private static byte[] Block(uint type, byte[] body)
    {
        uint length = (uint)(12 + body.Length);
        return [.. Words(type, length), .. body, .. Words(length)];
    }

    private static byte[] Words(params uint[] words)
    {
        byte[] bytes = new byte[4 * words.Length];
        for (int i = 0; i < words.Length; i++) BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 * i), words[i]);
        return bytes;
    }

    private static byte[] Put(byte[] file, int at, uint value) => [.. file[..at], .. Words(value), .. file[(at + 4)..]];

    private static byte[] With(byte[] file, int at, byte value) => [.. file[..at], value, .. file[(at + 1)..]];
}
