using NetStack.Tcp;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>The peer's window when sending, ours while the reader keeps up.</summary>
public sealed class PeerWindowTests
{
    private const int Mss = 1000;

    [Theory, Rfc(7323, "2.2"), InlineData(500), InlineData(1500), InlineData(5000)]
    public void What_a_syn_ack_says_unscaled_is_all_that_is_sent_at_first(int window)
    {
        Rig rig = new();
        TcpConnection connection = rig.Connected(Offer.Scale, Mss, window);
        connection.Write(Rig.Bytes(20_000));
        rig.Pump();
        int sent = rig.Ip.Sent.Sum(s => s.Data.Length);
        Assert.InRange(sent, Math.Max(1, window - Mss), window);
        rig.DropOut();
        rig.In(Ack, 1, (uint)sent + 1, win: 1000); // scaled by now
        Assert.Equal(1000 << Rig.PeerScale, connection.Info.SendWindow);
        rig.Out(Ack, (uint)sent + 1, 1, Mss);
    }

    [Theory, Rfc(9293, "3.8.6.3")]
    [InlineData(Mss / 2), InlineData(Mss - 1), InlineData(Mss), InlineData(Mss + 1), InlineData(2 * Mss), InlineData(3 * Mss)]
    public void Segments_fit_the_window_and_carry_the_ack_that_is_due(int window)
    {
        Rig rig = new(s => s with { QuickAcks = 0 });
        TcpConnection connection = rig.Accepted(mss: Mss, win: window);
        rig.In(Ack, 1, 1, win: window, data: Rig.Bytes(100));
        rig.NoOut();
        connection.Write(Rig.Bytes(8 * Mss));
        rig.Pump();
        SentSegment[] sent = [.. rig.Ip.Sent];
        Assert.All(sent, s => Assert.Equal(101u, s.Header.Acknowledgement - rig.PeerIss));
        Assert.All(sent, s => Assert.InRange(s.Data.Length, 1, Mss));
        Assert.Equal(window / Mss * Mss + (window < Mss ? window : 0), sent.Sum(s => s.Data.Length));
        rig.DropOut();
        rig.Advance(100);
        Assert.DoesNotContain(rig.Ip.Sent, s => s.Data.Length == 0);
    }

    [Theory, Rfc(9293, "3.8.6.2.2"), InlineData(1), InlineData(2), InlineData(3)]
    public void A_reader_that_keeps_up_shows_no_zero_window(int seed)
    {
        SeededRandom random = new((ulong)seed);
        Rig rig = new();
        TcpConnection connection = rig.Accepted(options: new TcpConnectionOptions { ReceiveBuffer = 4000, MaxReceiveBuffer = 4000 });
        uint next = 1;
        int window = 4000;
        for (int i = 0; i < 500; i++)
        {
            int length = Math.Min(window, 1 + random.Below(Mss));
            rig.In(Ack, next, 1, data: Rig.Bytes(length, (int)next - 1));
            next += (uint)length;
            byte[] room = new byte[length];
            Assert.Equal(length, connection.Read(room));
            Assert.Equal(Rig.Bytes(length, (int)next - 1 - length), room);
            rig.Advance(50);
            while (rig.Ip.Sent.TryDequeue(out SentSegment? sent))
            {
                window = sent.Header.Window;
                Assert.True(window >= Mss, $"step {i}: {rig.Describe(sent)}");
            }
        }
    }
}
