using NetStack.Tcp;
using NetStack.Wire;
using static NetStack.Wire.TcpFlags;

namespace NetStack.Tests.Tcp;

/// <summary>Options: read wherever they stand, passed over where unknown, survived where broken; ours are well formed.</summary>
public sealed class OptionTests
{
    private const TcpFlags SynAck = Syn | Ack;

    [Theory, Rfc(9293, "3.2", "MUST-4", "MUST-64")]
    [InlineData("020403E8", 1000)]
    [InlineData("01020403E8010101", 1000)]
    [InlineData("0101020403E80101", 1000)]
    [InlineData("010101020403E800", 1000)]
    [InlineData("FD03AA020403E800", 1000)] // behind an unknown one of three bytes
    [InlineData("020403E800020405", 1000)] // what stands behind the end is none
    [InlineData("00020403E8010101", 536)]
    public void An_option_is_read_wherever_it_stands_before_the_end_of_the_list(string options, int expected)
    {
        Rig rig = new();
        TcpListener listener = rig.Listen();
        rig.In(Syn, 0, options: Convert.FromHexString(options));
        rig.OurIss = rig.Take().Header.Sequence;
        rig.In(Ack, 1, 1);
        Assert.True(listener.TryAccept(out TcpConnection? connection));
        Assert.Equal(expected, connection!.Info.SendMss);
    }

    [Fact, Rfc(9293, "3.1", "MUST-5", "MUST-6")]
    public void Unknown_options_are_passed_over_in_any_segment()
    {
        Rig rig = new(s => s with { QuickAcks = 1000 });
        TcpListener listener = rig.Listen();
        byte[] unknown = [253, 6, 1, 2, 3, 4, 200, 2, 1, 1, 1, 1];
        rig.In(Syn, 0, options: unknown);
        rig.OurIss = rig.Take().Header.Sequence;
        rig.In(Ack, 1, 1, options: unknown);
        Assert.True(listener.TryAccept(out TcpConnection? connection));
        uint next = 1;
        for (int kind = 9; kind <= 255; kind++)
        {
            rig.In(Ack, next, 1, options: [(byte)kind, 4, 7, 7], data: [(byte)kind]);
            rig.Out(Ack, 1, ++next);
        }
        rig.In(Fin | Ack, next, 1, options: unknown);
        rig.Out(Ack, 1, next + 1);
        Assert.Equal((TcpState.CloseWait, 247), (connection!.State, connection.ReadableBytes));
        rig.In(Rst, next + 1, options: unknown);
        Assert.Equal(TcpState.Closed, connection.State);
    }

    [Fact, Rfc(9293, "3.1", "MUST-7")]
    public void An_illegal_length_breaks_nothing()
    {
        Rig rig = new();
        TcpConnection connection = rig.Accepted(Offer.Sack);
        uint next = 1;
        for (int kind = 2; kind <= 255; kind++)
        {
            foreach (byte length in (byte[])[0, 1, 2, 3, 5, 9, 11, 40, 41, 255])
            {
                byte[] options = [1, (byte)kind, length, 7];
                rig.In(Ack, next, 1, options: options, data: [1]);
                rig.In(Ack, next, 1, data: [1]);
                next++;
                rig.DropOut();
                rig.RemotePort = 4999;
                rig.In(Syn, 0, options: options); // a listener survives it as well
                rig.In(Rst, 1);
                rig.RemotePort = Rig.PeerPort;
                rig.DropOut();
            }
        }
        Assert.Equal((TcpState.Established, (int)next - 1), (connection.State, connection.ReadableBytes));
    }

    [Theory, Rfc(9293, "3.7.1", "MUST-14", "SHLD-5", "MAY-3", "MUST-67")]
    [InlineData(false, 1500, 1460), InlineData(false, 9000, 8960), InlineData(false, 576, 536)]
    [InlineData(true, 1500, 1440), InlineData(true, 9000, 8940), InlineData(true, 1280, 1220)]
    public void Every_syn_says_the_largest_segment_that_the_link_takes(bool isV6, int mtu, int expected)
    {
        Rig rig = new(isV6: isV6);
        rig.Ip.Mtu = mtu;
        rig.Connect();
        Assert.Equal(expected, rig.Take().Options.MaximumSegmentSize);
        rig.OurPort = 80;
        rig.Listen();
        rig.In(Syn, 0);
        Assert.Equal(expected, rig.Take().Options.MaximumSegmentSize);
    }

    [Theory, Rfc(9293, "3.1", "MUST-68", "MUST-65", "MUST-69")]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(4), InlineData(7)]
    public void Our_options_have_lengths_are_padded_with_zeros_and_keep_the_mss_to_the_syn(int offer)
    {
        Rig rig = new();
        List<SentSegment> sent = Life(rig, (Offer)offer);
        Assert.True(sent.Count > 6);
        foreach (SentSegment segment in sent)
        {
            bool isSyn = (segment.Flags & Syn) != 0;
            List<byte> kinds = Kinds(segment.OptionBytes);
            Assert.Equal(isSyn, kinds.Contains((byte)TcpOptionKind.MaximumSegmentSize));
            Assert.Equal(0, segment.OptionBytes.Length % 4);
        }
    }

    /// <summary>Kinds of a well-formed list.</summary>
    private static List<byte> Kinds(byte[] options)
    {
        List<byte> kinds = [];
        for (int i = 0; i < options.Length;)
        {
            if (options[i] == 0)
            {
                Assert.All(options[i..], b => Assert.Equal(0, b));
                break;
            }
            kinds.Add(options[i]);
            int length = options[i] == 1 ? 1 : options[i + 1];
            Assert.InRange(length, options[i] == 1 ? 1 : 2, options.Length - i);
            i += length;
        }
        return kinds;
    }

    /// <summary>A connection with data, gaps, losses and an end; everything it sends.</summary>
    private static List<SentSegment> Life(Rig rig, Offer offer)
    {
        List<SentSegment> sent = [];
        TcpConnection connection = rig.Connect();
        Collect();
        rig.OurIss = sent[0].Header.Sequence;
        rig.In(SynAck, 0, 1, options: rig.SynOptions(offer, echo: rig.Echo));
        rig.HasTimestamps = (offer & Offer.Timestamps) != 0;
        connection.Write(Rig.Bytes(3000));
        Collect();
        rig.In(Ack, 101, 1, data: Rig.Bytes(100));
        rig.In(Ack, 301, 1, data: Rig.Bytes(100));
        rig.Advance(TimeSpan.FromSeconds(3));
        Collect();
        rig.In(Ack, 1, 3001, data: Rig.Bytes(400));
        connection.ShutdownWrite();
        Collect();
        rig.In(Fin | Ack, 401, 3002);
        Collect();
        rig.In(Fin | Ack, 401, 3002); // TIME-WAIT answers
        Collect();
        return sent;

        void Collect()
        {
            rig.Pump();
            while (rig.Ip.Sent.TryDequeue(out SentSegment? segment))
            {
                if (segment.Options.HasTimestamps) rig.Echo = segment.Options.TimestampValue;
                sent.Add(segment);
            }
        }
    }
}
