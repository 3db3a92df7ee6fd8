using System.Text.Json.Nodes;
using NetStack.Memory;
using NetStack.TestCaptures;
using NetStack.Wire;

namespace NetStack.Analysis.Tests.Strip;

public sealed class StripTests
{
    [Theory]
    [MemberData(nameof(SampleCaptures.Names), MemberType = typeof(SampleCaptures))]
    public void Of_a_capture_every_header_is_kept_as_it_was_and_no_body_is_read(string name)
    {
        using CaptureReader capture = CaptureReader.Open(SampleCaptures.PathOf(name));
        MemoryStream copy = StripFiles.Strip(capture, new CaptureStripper());
        Assert.Equal(0, capture.Meter.BodyBytesRead);
        List<string> before = StripFiles.Describe(File.OpenRead(SampleCaptures.PathOf(name)));
        List<string> after = StripFiles.Describe(copy);
        Assert.Equal(before, after);
    }

    [Theory]
    [MemberData(nameof(SampleCaptures.Names), MemberType = typeof(SampleCaptures))]
    public void Nothing_is_kept_behind_the_last_header(string name)
    {
        using CaptureReader capture = CaptureReader.Open(SampleCaptures.PathOf(name));
        MemoryStream copy = StripFiles.Strip(capture, new CaptureStripper());
        using CaptureReader stripped = CaptureReader.Open(copy);
        while (stripped.TryRead(out CaptureRecord record))
        {
            PacketHeaders headers = PacketHeaders.Decode(record);
            Layer last = headers.Layers[^1];
            if (last.Kind is LayerKind.Tcp or LayerKind.Udp) Assert.Equal(last.PayloadOffset, record.CapturedLength);
        }
    }

    [Fact]
    public void A_spoiled_packet_keeps_its_layers_and_what_is_wrong_with_it()
    {
        Random random = new(4711);
        for (int i = 0; i < 3000; i++)
        {
            (byte[] bytes, LinkType linkType, int wireLength) = Packets.Spoil(random);
            if (linkType == LinkType.Ppp && bytes is [0xFF, not 3, ..]) continue; // whether this is a protocol, only the next byte tells
            MemoryStream file = StripFiles.Write(linkType, (bytes, wireLength));
            using CaptureReader capture = CaptureReader.Open(new MemoryStream(file.ToArray()));
            MemoryStream copy = StripFiles.Strip(capture, new CaptureStripper());
            Assert.Equal(StripFiles.Layers(file), StripFiles.Layers(copy));
        }
    }

    [Fact]
    public void What_is_no_packet_stays_in_its_place_but_secrets_go()
    {
        MemoryStream file = FileWithEverything();
        using CaptureReader capture = CaptureReader.Open(file);
        CaptureStripper stripper = new();
        List<string> kinds = Kinds(StripFiles.Strip(capture, stripper), out List<string> comments);
        Assert.Equal(["SectionHeader", "InterfaceDescription", "NameResolution", "EnhancedPacket", "InterfaceStatistics", "Custom", "EnhancedPacket"], kinds);
        Assert.Equal(["hello"], comments);
        Assert.Equal(1, stripper.SecretsLeftOut);

        using CaptureReader again = CaptureReader.Open(FileWithEverything());
        kinds = Kinds(StripFiles.Strip(again, new CaptureStripper(new CaptureStripperOptions { KeepSecrets = true, DropComments = true })), out comments);
        Assert.Contains("DecryptionSecrets", kinds);
        Assert.Empty(comments);
    }

    [Fact]
    public void Where_addresses_get_other_names_everything_that_may_hold_some_is_left_out()
    {
        using AddressAnonymiser names = new("k");
        using CaptureReader capture = CaptureReader.Open(FileWithEverything());
        CaptureStripper stripper = new(new CaptureStripperOptions { Anonymiser = names });
        List<string> kinds = Kinds(StripFiles.Strip(capture, stripper), out _);
        Assert.Equal(["SectionHeader", "InterfaceDescription", "EnhancedPacket", "InterfaceStatistics", "EnhancedPacket"], kinds);
        Assert.Equal(2, stripper.BlocksLeftOut);
    }

    [Fact]
    public void Pcap_stays_pcap_with_its_link_type_and_unit_also_when_it_is_empty()
    {
        MemoryStream file = new();
        using (CaptureWriter writer = CaptureWriter.Create(file, new CaptureWriterOptions { Format = CaptureFileFormat.Pcap }, leaveOpen: true))
            writer.AddInterface(LinkType.Raw, 1234, TimeResolution.Microseconds);
        file.Position = 0;
        using CaptureReader capture = CaptureReader.Open(file);
        using CaptureReader copy = CaptureReader.Open(StripFiles.Strip(capture, new CaptureStripper()));
        Assert.Equal(CaptureFileFormat.Pcap, copy.Format);
        Assert.Equal(capture.Interfaces, copy.Interfaces);
    }

    private static MemoryStream FileWithEverything()
    {
        MemoryStream file = new();
        using (CaptureWriter writer = CaptureWriter.Create(file, leaveOpen: true))
        {
            writer.AddInterface(LinkType.Ethernet);
            writer.WriteNames(new CaptureName(IpAddress.Parse("192.0.2.1"), "somebody"));
            writer.WriteSecrets(CaptureSecrets.TlsKeyLog, "CLIENT_RANDOM 1 2"u8);
            writer.Write(Packets.Frames[0], Packets.Frames[0].Length, new Timestamp(1, 2), comment: "hello");
            writer.WriteStatistics(0, new Timestamp(1, 3), new InterfaceStatistics { Received = 7 });
            writer.WriteBlock(CaptureBlockType.Custom, [1, 0, 0, 0, 5, 5, 5, 5]);
            writer.Write(Packets.Frames[1], Packets.Frames[1].Length, new Timestamp(2, 2));
        }
        file.Position = 0;
        return file;
    }

    private static List<string> Kinds(MemoryStream file, out List<string> comments)
    {
        List<string> kinds = [];
        comments = [];
        using CaptureReader capture = CaptureReader.Open(file);
        while (capture.TryReadBlock(out CaptureBlock block))
        {
            kinds.Add(block.Type.ToString());
            if (block.TryGetRecord(out CaptureRecord record) && record.Comment is { } comment) comments.Add(comment);
        }
        Assert.Null(capture.Damage);
        return kinds;
    }
}
