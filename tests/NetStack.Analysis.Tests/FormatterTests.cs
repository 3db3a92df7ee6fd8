using System.Buffers;
using System.Text;
using System.Text.Json;
using NetStack.Memory;
using NetStack.Nic.Pcap;
using NetStack.TestCaptures;
using NetStack.Wire;

namespace NetStack.Analysis.Tests;

public sealed class FormatterTests
{
    private const int Rounds = 4_000;

    [Fact]
    public void Any_bytes_give_one_line_of_json_that_obeys_the_contract()
    {
        for (int seed = 0; seed < Rounds; seed++)
        {
            (byte[] bytes, LinkType linkType, int wireLength) = Packets.Spoil(new Random(seed));
            string json = Packets.Json(Packets.Snapshot(bytes), linkType, wireLength, seed);
            Assert.True(json.EndsWith('\n') && json.Count(c => c == '\n') == 1, $"seed {seed}: {json}");
            JsonElement packet = JsonContract.Check(json, seed);
            Assert.Equal((bytes.Length, wireLength, (int)linkType),
                (packet.GetProperty("caplen").GetInt32(), packet.GetProperty("len").GetInt32(), packet.GetProperty("linktype").GetInt32()));
        }
    }

    [Fact]
    public void Any_bytes_give_one_printable_line_of_text()
    {
        for (int seed = 0; seed < Rounds; seed++)
        {
            (byte[] bytes, LinkType linkType, int wireLength) = Packets.Spoil(new Random(seed));
            string text = Packets.Text(Packets.Snapshot(bytes), linkType, wireLength);
            Assert.True(text.EndsWith('\n') && text.Length > 1 && text[..^1].All(c => c is >= ' ' and <= '~'), $"seed {seed}: {text}");
        }
    }

    /// <summary>A multiplexer may have fetched more of a frame than the decoder asks for. That must not show.</summary>
    [Fact]
    public void What_is_printed_does_not_depend_on_how_much_was_fetched_before()
    {
        for (int seed = 0; seed < Rounds; seed++)
        {
            Random random = new(seed);
            (byte[] bytes, LinkType linkType, int wireLength) = Packets.Spoil(random);
            int before = random.Next(bytes.Length + 1);
            Assert.True(Packets.Text(Packets.Snapshot(bytes), linkType, wireLength) == Packets.Text(Packets.Snapshot(bytes, before), linkType, wireLength), $"seed {seed}");
            Assert.True(Packets.Json(Packets.Snapshot(bytes), linkType, wireLength) == Packets.Json(Packets.Snapshot(bytes, before), linkType, wireLength), $"seed {seed}");
        }
    }

    [Fact]
    public void A_packet_is_printed_without_allocating()
    {
        HeaderSnapshot[] snapshots = [.. Packets.Frames.Select(f => Packets.Snapshot(f))];
        ArrayBufferWriter<byte> output = new(1 << 20);
        PacketLine line = new(TimeFormat.Utc);
        Assert.Equal(0, Allocations.Of(() => Print(snapshots, line, output))); // in the first run the snapshots grow to what their packets need
    }

    [Theory, InlineData("plain"), InlineData("a \"quoted\" \\ word"), InlineData("line\nbreak\tand \u0001"), InlineData("naïve"), InlineData("")]
    public void An_error_line_is_json_whatever_its_detail_says(string detail)
    {
        ArrayBufferWriter<byte> output = new();
        PacketJson.WriteError(output, new CaptureDamage("truncated_file", 12_345_678_901, detail));
        JsonElement error = JsonDocument.Parse(output.WrittenMemory).RootElement.GetProperty("error");
        Assert.Equal("truncated_file", error.GetProperty("code").GetString());
        Assert.Equal(12_345_678_901, error.GetProperty("offset").GetInt64());
        Assert.Equal(string.Concat(detail.Select(c => c < ' ' ? ' ' : c)), error.GetProperty("detail").GetString());
        Assert.Equal(1, Encoding.UTF8.GetString(output.WrittenSpan).Count(c => c == '\n'));
    }

    private static void Print(HeaderSnapshot[] snapshots, PacketLine line, ArrayBufferWriter<byte> output)
    {
        foreach (HeaderSnapshot snapshot in snapshots)
        {
            output.ResetWrittenCount();
            PacketHeaders headers = PacketHeaders.Decode(snapshot, LinkType.Ethernet, snapshot.FrameLength);
            line.Write(output, headers);
            PacketJson.Write(output, headers);
        }
    }
}
