using NetStack.Memory;
using NetStack.Nic;

namespace NetStack.Multiplexer.Tests;

/// <summary>A device that claims more bytes than it wrote delivers what an earlier frame left in the buffer, or zeros where buffers are scrubbed.</summary>
public sealed class ScrubTests
{
    private const byte Old = 0xC7;

    public static TheoryData<string, bool> ClientsAndScrubbing => [.. from kind in Clients.All from scrubs in (bool[])[true, false] select (kind.Data, scrubs)];

    [Theory, MemberData(nameof(ClientsAndScrubbing))]
    public async Task What_an_earlier_frame_left_is_delivered_unless_buffers_are_scrubbed(string kind, bool scrubs)
    {
        Rig rig = new(queues: 2, flowRoom: 8, options: new MultiplexerOptions { RingBuffers = 2, RingReserve = 0, ScrubBuffers = scrubs });
        MultiplexerPort port = Attach(rig, kind, scrubs);
        rig.Send(Frame(1000, Old));
        Assert.Equal(Old, Assert.Single(Rig.Drain(port)).Bytes[^1]);
        rig.Send(Frame(1000, Old));
        Rig.Drain(port);
        rig.Nic.Overclaim = 500;
        byte[] sent = Frame(10, 1);
        rig.Send(sent);
        Got got = Assert.Single(Rig.Drain(port));
        Assert.Equal(sent, got.Bytes[..sent.Length]);
        Assert.Equal(500, got.Bytes.Length - sent.Length);
        Assert.All(got.Bytes[sent.Length..], b => Assert.Equal(scrubs ? 0 : Old, b));
        await rig.AssertAllHomeAsync();
    }

    [Theory, InlineData("CopyAll"), InlineData("CopyHeaders"), InlineData("Steered+Verify")]
    public void As_many_bytes_are_cleared_as_frames_filled_and_they_are_counted(string kind)
    {
        Rig rig = new(queues: 2, flowRoom: 8, options: new MultiplexerOptions { RingBuffers = 4, RingBufferSize = 512, RingReserve = 0, ScrubBuffers = true });
        MultiplexerPort port = Attach(rig, kind, scrubs: true);
        long bytes = 0;
        for (int length = 0; length < 1400; length += 37)
        {
            byte[] frame = Frame(length, Old);
            rig.Send(frame);
            bytes += frame.Length;
            Rig.Drain(port);
            rig.Mux.Poll(rig.Now); // the buffers go back
            Assert.Equal(bytes, rig.Mux.Counters.BytesScrubbed);
            Assert.Equal(Clients.Steers(kind) ? bytes : 0, port.Counters.BytesScrubbed);
        }
    }

    [Fact]
    public void A_buffer_whose_completion_was_refused_is_cleared_whole()
    {
        Rig rig = new(options: new MultiplexerOptions { RingBuffers = 2, RingReserve = 0, ScrubBuffers = true });
        MultiplexerPort port = rig.Mux.Attach("a");
        rig.Nic.RefuseCompletions = true;
        rig.Send(Frame(1000, Old), Frame(1000, Old));
        Assert.Equal(2 * 2048, rig.Mux.Counters.BytesScrubbed);
        rig.Nic.RefuseCompletions = false;
        rig.Nic.Overclaim = 1500;
        rig.Send(Frame(10, 1));
        Assert.All(Assert.Single(Rig.Drain(port)).Bytes[64..], b => Assert.Equal(0, b));
    }

    [Fact]
    public void Nothing_is_cleared_by_default()
    {
        Rig rig = new();
        MultiplexerPort port = rig.Mux.Attach("a");
        rig.Send(Frame(1000, Old));
        Rig.Drain(port);
        rig.Mux.Poll(rig.Now);
        Assert.Equal(0, rig.Mux.Counters.BytesScrubbed);
    }

    private static MultiplexerPort Attach(Rig rig, string kind, bool scrubs) => rig.Mux.Attach(kind, o =>
    {
        Clients.Configure(kind, o);
        o.Filter = "tcp port 80";
        o.SteeredBufferCount = 2;
        o.ScrubBuffers = scrubs;
    });

    private static byte[] Frame(int payload, byte value) => Frames.Tcp(Frames.NicMac, Frames.PeerV4, 5000, Frames.V4(1), 80, Frames.Payload(payload, value));
}
