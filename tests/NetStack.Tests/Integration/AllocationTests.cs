using NetStack.Memory;
using NetStack.Tests.Kit;
using NetStack.Wire;

namespace NetStack.Tests.Integration;

/// <summary>Once warm, a packet costs no allocation, in or out.</summary>
public sealed class AllocationTests
{
    [Theory, InlineData(false), InlineData(true)]
    public void An_echo_request_is_answered_without_allocating(bool isV6)
    {
        StackPair pair = new(configureInterface: o => o.Ipv6.AcceptRouterAdvertisements = false);
        pair.World.Run(TimeSpan.FromSeconds(10));
        StackHost host = pair.Alice;
        Instant now = pair.World.Now;
        MacAddress own = host.Nic.Mac;
        byte[] request = isV6
            ? Packets.Icmpv6(own, Packets.Peer, "fd00::9", StackPair.AliceV6.ToString(), [128, 0, 0, 0, 0, 1, 0, 2, 3, 4], hopLimit: 64)
            : Packets.Ipv4(own, Packets.Peer, "10.0.0.9", StackPair.AliceV4.ToString(), IpProtocol.Icmp, [8, 0, 0xF4, 0xF8, 0, 1, 0, 2, 3, 4]);
        host.Nic.SetNeighbour(IpAddress.Parse(isV6 ? "fd00::9" : "10.0.0.9"), Packets.Peer, now);
        TransmitFrame[] sent = new TransmitFrame[8];
        long least = long.MaxValue; // the runtime itself allocates now and then, when it compiles a method again
        for (int round = 0; round < 5; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            int replies = 0;
            for (int i = 0; i < 1000; i++) replies += Exchange();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.Equal(1000, replies);
        }
        Assert.Equal(0, least);

        int Exchange()
        {
            host.Receive(host.Nic, request, now);
            if (host.Stack.NextDeadline <= now) host.Stack.OnDeadline(now);
            int count = host.Stack.Transmit(host.Nic, sent, now);
            for (int i = 0; i < count; i++) sent[i].Body.Release();
            return count;
        }
    }
}
