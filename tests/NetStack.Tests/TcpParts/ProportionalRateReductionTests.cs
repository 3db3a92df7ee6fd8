using NetStack.Tcp;

namespace NetStack.Tests.TcpParts;

/// <summary>RFC 9937: against its pseudocode in plain form, and by what it promises.</summary>
public sealed class ProportionalRateReductionTests
{
    private const int Mss = 1000;

    private sealed class Plain
    {
        public double Ssthresh, RecoverFs, Delivered, Out, Cwnd;

        public double Ack(double deliveredData, double pipe, bool safeAck)
        {
            if (deliveredData == 0 && Out > 0) return Cwnd;
            Delivered += deliveredData;
            double sndcnt;
            if (pipe > Ssthresh) sndcnt = Math.Ceiling(Delivered * Ssthresh / RecoverFs) - Out;
            else
            {
                sndcnt = Math.Max(Delivered - Out, deliveredData);
                if (safeAck) sndcnt += Mss;
                sndcnt = Math.Min(Ssthresh - pipe, sndcnt);
            }
            sndcnt = Math.Max(sndcnt, 0);
            if (Out == 0 && sndcnt == 0) sndcnt = Mss;
            return Cwnd = pipe + sndcnt;
        }
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    public void It_follows_the_pseudocode(ulong seed)
    {
        SeededRandom random = new(seed);
        for (int life = 0; life < 300; life++)
        {
            int flight = Mss * (4 + random.Below(500));
            int threshold = (int)(flight * 0.7);
            ProportionalRateReduction prr = new();
            prr.Begin(threshold, flight, 0, 0);
            Plain plain = new() { Ssthresh = threshold, RecoverFs = flight, Cwnd = threshold };
            int pipe = flight - 4 * Mss;
            for (int step = 0; step < 200; step++)
            {
                int delivered = random.Below(4) * Mss;
                bool isSafe = random.Chance(0.4);
                pipe = Math.Max(pipe - delivered, 0);
                double expected = plain.Ack(delivered, pipe, isSafe);
                int window = prr.OnAck(delivered, pipe, isSafe, Mss);
                Assert.True(expected == window, $"seed {seed}, life {life}, step {step}: {expected}, {window}");
                int sent = Math.Max(window - pipe, 0) / Mss * Mss;
                prr.OnSent(sent);
                plain.Out += sent;
                pipe += sent;
            }
        }
    }

    [Fact]
    public void One_loss_in_twenty_paces_the_reduction_to_half()
    {
        // Section 8's example: 20 segments in flight, the first is lost, NewReno's half.
        ProportionalRateReduction prr = new();
        prr.Begin(10 * Mss, 20 * Mss, 2 * Mss, 0); // two SACKed before
        int pipe = 20 * Mss - 3 * Mss - Mss; // three SACKed, one lost
        int sent = 0;
        for (int ack = 0; ack < 17; ack++)
        {
            int quota = (prr.OnAck(Mss, pipe, false, Mss) - pipe) / Mss * Mss;
            prr.OnSent(quota);
            sent += quota;
            pipe += quota - Mss;
        }
        Assert.InRange(sent, 9 * Mss, 10 * Mss); // one for every second ACK
        Assert.InRange(pipe + Mss, 9 * Mss, 10 * Mss);
    }

    [Fact]
    public void The_first_ACK_always_lets_the_fast_retransmit_out()
    {
        ProportionalRateReduction prr = new();
        prr.Begin(5 * Mss, 10 * Mss, 0, 0);
        Assert.Equal(9 * Mss + Mss, prr.OnAck(0, 9 * Mss, false, Mss));
        prr.OnSent(Mss);
        Assert.Equal(10 * Mss, prr.OnAck(0, 10 * Mss, false, Mss)); // an ACK that delivers nothing changes nothing
    }

    [Fact]
    public void After_heavy_losses_it_sends_what_arrives_and_one_more_while_it_goes_well()
    {
        ProportionalRateReduction prr = new();
        prr.Begin(50 * Mss, 100 * Mss, 0, 0);
        int pipe = 5 * Mss;
        Assert.Equal(pipe + 2 * Mss, prr.OnAck(2 * Mss, pipe, false, Mss)); // conservative reduction bound
        prr.OnSent(2 * Mss);
        Assert.Equal(pipe + 3 * Mss, prr.OnAck(2 * Mss, pipe, true, Mss)); // slow start reduction bound
        prr.OnSent(3 * Mss);
        Assert.Equal(50 * Mss, prr.OnAck(100 * Mss, 49 * Mss, true, Mss)); // not above the threshold
        Assert.Equal(50 * Mss, prr.Threshold);
    }
}
