using System.Diagnostics;
using NetStack.Memory;
using NetStack.Nic;
using NetStack.Nic.Virtual;

namespace NetStack.Bench.Economics;

/// <summary>Takes frames from the ring of a virtual NIC and lets them go, unseen: what the driver's side of it costs.</summary>
internal sealed class RingReceive : Way
{
    private const int Batch = 64;
    private const int Batches = 16;

    private readonly VirtualNic _nic;
    private readonly BufferRegistration _registration;
    private readonly BufferHandle[] _buffers = new BufferHandle[Batch];
    private readonly ReceivedFrame[] _taken = new ReceivedFrame[Batch];
    private readonly byte[] _frame = new HeaderShape(54).Frame(1);

    internal RingReceive(string name, CompletionChecks checks)
        : base(name)
    {
        _nic = new VirtualNic(new VirtualNicOptions { RingSize = Batch, Checks = checks });
        _registration = _nic.Register(BufferPool.Create(2048, Batch), 0, BufferUse.Receive);
    }

    internal override int Units => Batches * Batch;

    internal override long Round()
    {
        long ticks = 0;
        for (int i = 0; i < Batches; i++)
        {
            Deliver();
            long start = Stopwatch.GetTimestamp();
            int count = _nic.Queues[0].Receive(_taken);
            for (int frame = 0; frame < count; frame++) _taken[frame].Release();
            ticks += Stopwatch.GetTimestamp() - start;
            if (count != Batch) throw new InvalidOperationException($"{count} frames came of {Batch}.");
        }
        return ticks;
    }

    public override void Dispose()
    {
        _nic.Dispose();
        base.Dispose();
    }

    private void Deliver()
    {
        for (int i = 0; i < Batch; i++) _registration.Pool.TryRent(out _buffers[i]);
        _nic.Queues[0].Post(_registration, _buffers);
        for (int i = 0; i < Batch; i++)
        {
            if (!_nic.TryDeliver(_frame, new WireFrame(_frame.Length))) throw new InvalidOperationException("The ring had no buffer.");
        }
    }
}
