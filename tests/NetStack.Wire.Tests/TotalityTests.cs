using NetStack.Memory;

namespace NetStack.Wire.Tests;

/// <summary>Any bytes decode to something: nothing throws, every walk ends, layers lie in the packet, and a cut one says so.</summary>
public sealed class TotalityTests
{
    private readonly Decoding _decoding = new(65536);
    private readonly byte[] _text = new byte[4096];

    [Fact]
    public void Random_bytes_of_every_link_type()
    {
        for (int seed = 0; seed < 6_000; seed++)
        {
            RandomPackets packets = new(seed);
            byte[] bytes = packets.Bytes(packets.Random.Next(200));
            if (bytes.Length > 0 && seed % 3 == 0) bytes[0] = (byte)(seed % 2 == 0 ? 0x45 : 0x60);
            Check(bytes, RandomPackets.LinkTypes[seed % RandomPackets.LinkTypes.Length], packets.Random.Next(300), seed);
        }
    }

    [Fact]
    public void Packets_that_look_real_with_bytes_changed_cut_or_padded()
    {
        for (int seed = 0; seed < 6_000; seed++)
        {
            RandomPackets packets = new(seed);
            byte[] bytes = packets.Mutated(out LinkType linkType);
            Check(bytes, linkType, packets.Random.Next(3) == 0 ? packets.Random.Next(3000) : 0, seed);
        }
    }

    [Fact]
    public void Every_prefix_of_a_packet_has_the_layers_of_the_packet_up_to_the_cut_and_a_note_where_a_header_is_cut()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            byte[] packet = new RandomPackets(seed).WellFormed(out LinkType linkType);
            Layer[] whole = _decoding.Decode(packet, linkType).Layers.ToArray();
            for (int length = 0; length < packet.Length; length++)
            {
                PacketHeaders cut = _decoding.Decode(packet.AsSpan(0, length), linkType, packet.Length);
                CheckPrefix(cut, whole, length, $"seed {seed}, {length} of {packet.Length} bytes of {linkType}");
            }
        }
    }

    [Fact]
    public void Well_formed_packets_have_no_note_but_of_what_is_not_decoded()
    {
        for (int seed = 0; seed < 2_000; seed++)
        {
            RandomPackets packets = new(seed);
            byte[] packet = packets.WellFormed(out LinkType linkType);
            if (linkType is LinkType.Ieee80211 or LinkType.Ieee80211Radiotap or (LinkType)9999) continue;
            PacketHeaders headers = _decoding.Decode(packet, linkType);
            foreach (Note note in headers.Notes)
            {
                // A first fragment may end inside a header, and random bytes behind a random protocol number may be anything.
                bool isExpected = note.Code is NoteCode.Unsupported || IsAfterFragmentOrRandom(packets, headers);
                Assert.True(isExpected, $"seed {seed}: {Decoding.Kinds(headers)}: {note}");
            }
        }
    }

    [Fact]
    public void Nesting_ends_at_the_depth_limit_with_a_note()
    {
        Assert.True(PacketHeaders.MaxLayers >= 16);
        foreach (int tags in (int[])[PacketHeaders.MaxLayers - 3, PacketHeaders.MaxLayers - 2, PacketHeaders.MaxLayers, 200])
        {
            byte[] packet = Packets.Ipv4(IpProtocol.Icmp, [8, 0, 0, 0, 0, 1, 0, 1]);
            EtherType type = EtherType.Ipv4;
            for (int i = 0; i < tags; i++, type = EtherType.Vlan) packet = Packets.Vlan(type, packet);
            PacketHeaders headers = _decoding.Decode(Packets.Ethernet(type, packet));
            Assert.Equal(Math.Min(tags + 3, PacketHeaders.MaxLayers), headers.Layers.Length);
            Assert.Equal(tags + 3 > PacketHeaders.MaxLayers ? $"DepthLimit@{PacketHeaders.MaxLayers}" : "", Decoding.Notes(headers));
        }
    }

    [Fact]
    public void Of_too_many_notes_the_last_one_is_kept_that_says_why_the_walk_ended()
    {
        byte[] packet = new byte[8]; // an ICMP echo that is not there
        packet = Packets.Ipv4(IpProtocol.Tcp, packet);
        for (int i = 0; i < 12; i++)
        {
            packet[10] ^= 0xFF; // its checksum
            packet = Packets.Ipv4(IpProtocol.IpInIp, packet);
        }
        PacketHeaders headers = _decoding.Decode(packet, LinkType.Ipv4);
        Assert.Equal(PacketHeaders.MaxNotes, headers.Notes.Length);
        Assert.Equal(NoteCode.BadChecksum, headers.Notes[0].Code);
        Assert.Equal((NoteCode.Truncated, LayerKind.Tcp, 13), (headers.Notes[^1].Code, headers.Notes[^1].Kind, headers.Notes[^1].LayerIndex));
    }

    [Fact]
    public void Wire_lengths_at_the_ends_of_their_range_are_taken()
    {
        byte[] packet = Packets.Ethernet(EtherType.Ipv4, Packets.Ipv4(IpProtocol.Udp, Packets.Udp(53, 1)));
        foreach (int length in (int[])[int.MinValue, -1, 0, int.MaxValue]) Check(packet, LinkType.Ethernet, length, length);
    }

    private void Check(byte[] bytes, LinkType linkType, int wireLength, int seed)
    {
        string what = $"seed {seed}, {linkType}, {wireLength}: {Convert.ToHexString(bytes)}";
        try
        {
            PacketHeaders headers = _decoding.Decode(bytes, linkType, wireLength);
            CheckLayers(headers, bytes, Math.Max(wireLength, bytes.Length), what);
            FrameKey key = FrameKey.Read(bytes, linkType);
            key.TryReadQuoted(bytes, out _);
            foreach (Layer layer in headers.Layers)
            {
                LineWriter line = new(_text);
                ViewSweep.All(headers.BytesOf(layer), ref line);
                LineWriter small = new(_text.AsSpan(0, seed & 63));
                ViewSweep.All(headers.BytesOf(layer), ref small);
                Assert.True(small.Length <= (seed & 63), what);
            }
            LineWriter raw = new(_text);
            ViewSweep.All(bytes, ref raw);
        }
        catch (Exception e) when (e is not Xunit.Sdk.IAssertionException)
        {
            Assert.Fail($"{what}: {e}");
        }
    }

    private static void CheckLayers(in PacketHeaders headers, byte[] bytes, int wireLength, string what)
    {
        Assert.True(headers.Layers.Length <= PacketHeaders.MaxLayers && headers.Notes.Length <= PacketHeaders.MaxNotes, what);
        Assert.True(headers.Bytes.SequenceEqual(bytes.AsSpan(0, headers.Bytes.Length)), what);
        int at = 0;
        for (int i = 0; i < headers.Layers.Length; i++)
        {
            Layer layer = headers.Layers[i];
            Assert.True(layer.Offset == at && layer.Length > 0 && layer.End <= wireLength && layer.PayloadLength >= 0, what);
            Assert.True(!layer.IsWhole || (layer.PayloadOffset <= headers.Bytes.Length && layer.PayloadOffset <= layer.End), $"{what}: {layer}");
            Assert.True(layer.IsWhole || (i == headers.Layers.Length - 1 && headers.Notes.Length > 0), $"{what}: {layer}");
            Assert.True(i == 0 || layer.End <= headers.Layers[i - 1].End, what);
            at = layer.PayloadOffset;
        }
        foreach (Note note in headers.Notes) Assert.True(note.LayerIndex >= 0 && note.LayerIndex <= headers.Layers.Length, what);
        if (!headers.HasPayload) return;
        PayloadRange payload = headers.Payload;
        Assert.True(payload.Offset == at && payload.Length >= 0 && payload.Captured >= 0 && payload.Captured <= payload.Length, what);
        Assert.True(payload.Captured <= Math.Max(0, bytes.Length - payload.Offset), what);
    }

    private static void CheckPrefix(in PacketHeaders cut, Layer[] whole, int length, string what)
    {
        for (int i = 0; i < cut.Layers.Length; i++)
        {
            Assert.True(i < whole.Length && cut.Layers[i].Kind == whole[i].Kind && cut.Layers[i].Offset == whole[i].Offset, what);
            if (cut.Layers[i].IsWhole && whole[i].Kind is not (LayerKind.Icmp or LayerKind.Icmpv6)) Assert.True(cut.Layers[i] == whole[i] && whole[i].PayloadOffset <= length, what);
        }
        foreach (Layer layer in whole)
        {
            if (layer.Offset > length || layer.PayloadOffset <= length || !layer.IsWhole || layer.Kind is LayerKind.Icmp or LayerKind.Icmpv6) continue;
            bool isNoted = false;
            foreach (Note note in cut.Notes) isNoted |= note.Code == NoteCode.Truncated;
            Assert.True(isNoted, $"{what}: {layer} is cut without a note");
            return;
        }
    }

    private static bool IsAfterFragmentOrRandom(RandomPackets packets, in PacketHeaders headers)
    {
        foreach (Layer layer in headers.Layers)
        {
            ReadOnlySpan<byte> bytes = headers.BytesOf(layer);
            if (layer.Kind == LayerKind.Ipv6Fragment) return true;
            if (layer.Kind == LayerKind.Ipv4 && Ipv4View.TryRead(bytes, out Ipv4View ip) && (ip.MoreFragments || packets.IsRandom(ip.Protocol))) return true;
            if (layer.Kind == LayerKind.Ipv6 && Ipv6View.TryRead(bytes, out Ipv6View ip6) && packets.IsRandom(ip6.NextHeader)) return true;
            if (layer.Kind is LayerKind.Ipv6HopByHop or LayerKind.Ipv6DestinationOptions or LayerKind.Ipv6Routing or LayerKind.Authentication && packets.IsRandom((IpProtocol)bytes[0])) return true;
        }
        return false;
    }
}
