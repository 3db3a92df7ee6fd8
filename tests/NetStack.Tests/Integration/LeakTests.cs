using NetStack.Tests.Kit;

namespace NetStack.Tests.Integration;

/// <summary>After many connections in every way of ending, nothing is held. It runs alone: it looks at the whole heap.</summary>
[Collection(nameof(RunsAlone))]
public sealed class LeakTests
{
    private const int Connections = 20_000;
    private const int HeapSlack = 512 * 1024; // bytes; half of the connections are between the two looks, and one that leaks costs more than 50

    [Theory, InlineData(1, 0), InlineData(2, 0.02)]
    public void Connections_leave_no_buffer_port_timer_or_byte_behind(ulong seed, double loss)
    {
        ConnectionChurn churn = new(seed, loss);
        long[] heap = new long[4];
        for (int wave = 0; wave < heap.Length; wave++)
        {
            churn.Run(Connections / heap.Length); // of one size: tables grow to what a wave needs
            AssertNothingHeld(churn, ports: 1);
            heap[wave] = GC.GetTotalMemory(forceFullCollection: true);
        }
        churn.Stop();
        AssertNothingHeld(churn, ports: 0);

        Assert.Equal(Connections, churn.Started);
        Assert.InRange(churn.Answered, Connections / 3, Connections * 2 / 3); // half of the ways to end have an answer
        Assert.True(heap[3] - heap[1] < HeapSlack, $"the heap grew: {string.Join(", ", heap)} bytes (seed {seed})");
        GC.KeepAlive(churn);
    }

    private static void AssertNothingHeld(ConnectionChurn churn, int ports)
    {
        Assert.Equal([new HeldState("alice"), new HeldState("bob") { Ports = ports }], churn.Held);
        Assert.Equal((0, 0), (churn.InFlight, churn.ReachableConnections()));
    }
}

/// <summary>Tests that run while no other does.</summary>
[CollectionDefinition(nameof(RunsAlone), DisableParallelization = true)]
public sealed class RunsAlone;
