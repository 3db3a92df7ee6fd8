using BenchmarkDotNet.Attributes;
using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Wire;

namespace NetStack.Bench;

/// <summary>One pass over a ring of 32 MiB; <see cref="SnapshotRatios"/> gives the ratios.</summary>
[MemoryDiagnoser]
public class SnapshotBenchmarks
{
    private Ways _ways = null!;

    [Params(54, 66, 86, 94)]
    public int HeaderBytes { get; set; }

    [GlobalSetup]
    public void Setup() => _ways = new Ways(new FrameRing(new HeaderShape(HeaderBytes), 32 << 20), HeaderBytes);

    [Benchmark(Baseline = true)]
    public ulong InPlace() => _ways.InPlace();

    [Benchmark]
    public ulong Snapshot() => _ways.Snapshot();

    [Benchmark]
    public ulong WholeCopy() => _ways.WholeCopy();
}

/// <summary>The Internet checksum, alone and folded into a copy, beside a plain copy of the same bytes.</summary>
[MemoryDiagnoser]
public class ChecksumBenchmarks
{
    private readonly byte[] _destination = new byte[65536];
    private byte[] _bytes = [];
    private BufferPool _pool = null!;
    private BufferHandle _buffer;

    [Params(20, 64, 1460, 65536)]
    public int Length { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _bytes = new byte[Length];
        new SeededRandom(1).Fill(_bytes);
        _pool = BufferPool.Create(65536, 1);
        _pool.TryRent(out _buffer);
        _pool.Write(_buffer, 0, _bytes);
    }

    [Benchmark(Baseline = true)]
    public void PlainCopy() => _bytes.CopyTo(_destination, 0);

    [Benchmark]
    public ushort Sum() => InternetChecksum.Compute(_bytes);

    [Benchmark]
    public ushort CopyAndSum()
    {
        ChecksumAccumulator sum = default;
        _pool.Window(_buffer, 0, Length).CopyTo(_destination, ref sum);
        return sum.Finish();
    }
}

/// <summary>The decoder and the line of text, over one packet.</summary>
[MemoryDiagnoser]
public class ParseBenchmarks
{
    private readonly HeaderSnapshot _snapshot = new();
    private readonly FetchMeter _meter = new();
    private PacketBody _body;

    [Params(54, 66, 86, 94)]
    public int HeaderBytes { get; set; }

    [GlobalSetup]
    public void Setup() => _body = new FrameRing(new HeaderShape(HeaderBytes), 1 << 20).Bodies[0];

    [Benchmark(Baseline = true)]
    public ulong Views()
    {
        _snapshot.Begin(_body, _meter);
        return HeaderShape.Parse(_snapshot.Require(HeaderBytes));
    }

    [Benchmark]
    public int Decode()
    {
        _snapshot.Begin(_body, _meter);
        return PacketHeaders.Decode(_snapshot, LinkType.Ethernet, HeaderShape.FrameLength).Layers.Length;
    }
}

/// <summary>64 frames over a virtual NIC's ring, and over a multiplexer behind it, per copy strategy.</summary>
[MemoryDiagnoser]
public class ReceiveBenchmarks
{
    private const int Batch = 64;

    private readonly ReceivedFrame[] _frames = new ReceivedFrame[Batch];
    private readonly byte[] _frame = new HeaderShape(66).Frame(1);
    private VirtualNic _nic = null!;
    private BufferRegistration _registration = null!;
    private BufferHandle[] _posted = [];
    private VirtualNic _muxNic = null!;
    private PacketMultiplexer _multiplexer = null!;
    private MultiplexerPort _port = null!;

    [Params("CopyAll", "CopyHeaders", "PassThrough")]
    public string Strategy { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _nic = new VirtualNic(new VirtualNicOptions { RingSize = 256 });
        BufferPool pool = BufferPool.Create(2048, 256);
        _registration = _nic.Register(pool, 0, BufferUse.Receive);
        _posted = new BufferHandle[1];
        Refill();
        _muxNic = new VirtualNic(new VirtualNicOptions { RingSize = 256 });
        _multiplexer = new PacketMultiplexer(_muxNic, new MultiplexerOptions { RingBuffers = 256, RingReserve = 0 });
        _port = _multiplexer.Attach("bench", o =>
        {
            o.Promiscuous = true;
            o.Copy = Strategy switch { "CopyAll" => CopyStrategy.CopyAll, "PassThrough" => CopyStrategy.PassThrough, _ => CopyStrategy.CopyHeaders };
        });
        _multiplexer.Poll(Instant.Zero);
    }

    [Benchmark(Baseline = true, OperationsPerInvoke = Batch)]
    public int Ring()
    {
        for (int i = 0; i < Batch; i++) _nic.TryDeliver(_frame, new WireFrame(_frame.Length));
        int taken = Drain(_nic.Queues[0]);
        Refill();
        return taken;
    }

    [Benchmark(OperationsPerInvoke = Batch)]
    public int Multiplexer()
    {
        for (int i = 0; i < Batch; i++) _muxNic.TryDeliver(_frame, new WireFrame(_frame.Length));
        _multiplexer.Poll(Instant.Zero);
        int taken = Drain(_port.Queues[0]);
        _multiplexer.Poll(Instant.Zero);
        return taken;
    }

    private int Drain(INicQueue queue)
    {
        int taken = 0;
        for (int count; (count = queue.Receive(_frames)) > 0; taken += count)
        {
            for (int i = 0; i < count; i++)
            {
                _frames[i].Headers.Require(66);
                _frames[i].Release();
            }
        }
        return taken;
    }

    private void Refill()
    {
        while (_nic.Queues[0].PostRoom > 0 && _registration.Pool.TryRent(out _posted[0])) _nic.Queues[0].Post(_registration, _posted);
    }
}
