using NetStack.Memory;

namespace NetStack.Nic.Linux.Tests;

/// <summary>Frames in steady state allocate nothing; counted to the byte. Alone, since the runtime's own caches, which other tests
/// make grow, are charged to whichever thread happens to grow them.</summary>
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    private readonly ReceivedFrame[] _received = new ReceivedFrame[32];
    private readonly TransmitFrame[] _sent = new TransmitFrame[8];

    [Theory, InlineData(2048, 10, false), InlineData(2048, 1472, false), InlineData(256, 1472, false), InlineData(2048, 1472, true)]
    public void Sending_receiving_and_waiting_allocate_nothing(int bufferSize, int length, bool offload)
    {
        using Lab lab = new(buffers: 512, bufferSize, new TapOptions { Offload = offload });
        using IWaitSet set = lab.Nic.CreateWaitSet();
        set.TryAdd(lab.Nic);
        byte[] data = new byte[length];
        TransmitFrame template = lab.Echo(1, data);
        lab.Fill(200);
        int received = 0;

        void Round()
        {
            for (int i = 0; i < _sent.Length; i++)
            {
                _sent[i] = template;
                _sent[i].Body = template.Body.Share();
            }
            for (int sent = 0; sent < _sent.Length; sent += lab.Queue.Transmit(_sent.AsSpan(sent)))
            {
            }
            set.Wake();
            set.Wait(Timeout.InfiniteTimeSpan);
            for (int got = 0; got < _sent.Length;)
            {
                set.Wait(TimeSpan.FromSeconds(1));
                lab.Nic.Poll(lab.Time = lab.Time.AddNanoseconds(100_000));
                int count = lab.Queue.Receive(_received);
                for (int i = 0; i < count; i++)
                {
                    _received[i].Headers.Require(42);
                    _received[i].Release();
                }
                received += count;
                got += count;
                lab.Fill(200);
            }
        }

        for (int i = 0; i < 200; i++) Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++) Round();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1200 * 8, received);
    }
}

/// <summary>Tests that must not run beside others.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AloneCollection;
