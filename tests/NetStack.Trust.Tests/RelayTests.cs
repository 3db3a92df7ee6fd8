using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;
using NetStack.Samples;
using NetStack.Tcp;

namespace NetStack.TrustTests;

/// <summary>A relay that passes bodies on by handle, under the sum they were verified with: damage is found out at the far end, or by the
/// relay itself; what keeps the sum is not.</summary>
public sealed class RelayTests
{
    private static readonly Impairment Cable = new() { Delay = TimeSpan.FromMilliseconds(1) };

    private static readonly byte[] Data = Make(200_000);

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_body_that_was_rewritten_before_it_was_summed_is_dropped_and_sent_again(ulong seed)
    {
        RewriteBody behaviour = new(seed) { Eagerness = 0.05 };
        using RelayNetwork network = new(Cable, behaviour);
        Transfer transfer = new(network, Data);
        Assert.True(transfer.Run() && transfer.IsEqual, $"{behaviour}: {transfer.Received} bytes, {transfer.Relay.Error}");
        Assert.True(behaviour.Strikes > 0, $"{behaviour}");
        Assert.Equal(0, network.Server.Stack.Tcp.Counters.Drops[TcpDropReason.BadChecksum]); // the relay had seen it
        Assert.Equal(0, network.Stop());
    }

    [Theory, InlineData(1), InlineData(2), InlineData(3)]
    public void A_body_that_was_rewritten_after_it_was_summed_ends_the_connection_and_is_never_read(ulong seed)
    {
        RewriteSummedBody behaviour = new(seed) { Eagerness = 0.02 };
        using RelayNetwork network = new(Cable, behaviour);
        Transfer transfer = new(network, Data);
        bool isWhole = transfer.Run();
        Assert.True(behaviour.Strikes > 0 && transfer.IsPrefix, $"{behaviour}: a program read other bytes than were sent");
        Assert.False(isWhole, $"{behaviour}: nothing was found out");
        Assert.Equal(TcpError.BodyChanged, transfer.Relay.Error);
        Assert.Equal(0, network.Stop());
    }

    [Fact]
    public void Words_that_were_exchanged_under_the_same_sum_arrive()
    {
        ExchangeWords behaviour = new(1, RewriteMoment.AfterLook);
        using RelayNetwork network = new(Cable, behaviour);
        Transfer transfer = new(network, Data);
        transfer.Relay.Passing = (_, at) =>
        {
            if (at > 50_000) behaviour.RewriteNow();
        };
        Assert.True(transfer.Run());
        Assert.False(transfer.IsPrefix); // what is said not to be stopped is not
        Assert.Equal(0, network.Stop());
    }

    private static byte[] Make(int length)
    {
        byte[] data = new byte[length];
        new SeededRandom(4).Fill(data);
        return data;
    }
}
