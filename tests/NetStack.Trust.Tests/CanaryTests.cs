using System.Buffers.Binary;
using System.Collections;
using System.Reflection;
using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Wire;

namespace NetStack.TrustTests;

/// <summary>
/// Every payload says in each eight bytes whose it is. Client A looks through every byte it can reach: what it received, and all of
/// every region that any object it ever got leads to. It must not find a canary of B's.
/// </summary>
public sealed class CanaryTests
{
    /// <summary>Frames for each strategy: with five of them a million in Release.</summary>
#if DEBUG
    private const int Count = 20_000;
#else
    private const int Count = 200_000;
#endif

    private const int A = 0;
    private const int B = 1;
    private const int Everybody = 9;

    [Theory, InlineData("CopyAll"), InlineData("Shadow"), InlineData("Steered (Verify)"), InlineData("Steered (Trust)"), InlineData("Steered, in place")]
    public void A_client_reaches_no_byte_of_another_over_all_mixes_of_unicast_multicast_and_broadcast(string kind)
    {
        using World world = new(kind, seed: 77);
        for (int i = 0; i < Count; i++)
        {
            world.Send();
            if (i % 4 != 3) continue;
            world.Step();
            if (i % 256 == 255) world.LookThroughRegions();
        }
        world.Step();
        world.LookThroughRegions();
        Assert.True(world.FoundAt is null, $"{kind}, seed 77: {world.FoundAt}");
        Assert.True(world.SeenByA > Count / 3 && world.SeenByB > Count / 3, $"A saw {world.SeenByA}, B {world.SeenByB} of {Count}");
        Assert.InRange(world.Regions, 1, 3);
    }

    [Theory, InlineData("CopyHeaders"), InlineData("PassThrough"), InlineData("Steered (Verify), all by handle")]
    public void What_is_lent_out_of_a_shared_ring_leads_to_that_ring(string kind)
    {
        using World world = new(kind, seed: 78);
        for (int i = 0; i < 2000; i++)
        {
            world.Send();
            world.Step();
        }
        Assert.Null(world.FoundAt); // not in what it received
        world.LookThroughRegions();
        Assert.NotNull(world.FoundAt); // but beside it
    }

    [Theory, InlineData("Steered (Trust)"), InlineData("Steered (Verify)")]
    public void A_wrong_tag_is_a_leak_that_trust_delivers_and_verify_reports(string kind)
    {
        WrongTag tamper = new();
        using World world = new(kind, seed: 79, tamper);
        for (int i = 0; i < 2000; i++)
        {
            world.Send();
            world.Step();
        }
        Assert.True(tamper.Strikes > 100);
        if (kind == "Steered (Trust)")
        {
            Assert.Contains("received", world.FoundAt, StringComparison.Ordinal);
            Assert.Equal(0, world.PortOfA.Counters.MissteeredFrames);
            return;
        }
        Assert.Null(world.FoundAt); // nothing of it is delivered
        Assert.Equal(tamper.Strikes, world.PortOfA.Counters.MissteeredFrames);
        Assert.Equal(tamper.Strikes, world.PortOfA.Counters.Queue.ReceiveDrops[DropReason.Missteered]);
        world.LookThroughRegions();
        Assert.Contains("region", world.FoundAt, StringComparison.Ordinal); // it lies in A's memory all the same
    }

    /// <summary>Places every second frame of B's into A's queue, with A's tag.</summary>
    private sealed class WrongTag : DeviceTamper
    {
        private FlowTag _tagOfA;
        private int _queueOfA = -1;

        public long Strikes { get; private set; }

        public override void OnPlace(ReadOnlySpan<byte> frame, ref int queue, ref RxCompletion completion)
        {
            if (queue == 0) return;
            if (BinaryPrimitives.ReadUInt16BigEndian(frame[36..]) == Frames.PortOf(A)) (_queueOfA, _tagOfA) = (queue, completion.Tag);
            else if (_queueOfA > 0 && (frame[^1] & 1) == 0)
            {
                (queue, completion.Tag) = (_queueOfA, _tagOfA);
                Strikes++;
            }
        }
    }

    /// <summary>A NIC with clients A and B, and A's eyes.</summary>
    private sealed class World : IDisposable
    {
        private static readonly byte[] MarkOfB = MarkOf(B);

        private readonly VirtualNic _nic;
        private readonly PacketMultiplexer _mux;
        private readonly MultiplexerPort[] _ports;
        private readonly BufferPool[] _pools = new BufferPool[2];
        private readonly BufferRegistration[] _registrations = new BufferRegistration[2];
        private readonly List<byte[]> _templates = [];
        private readonly HashSet<DmaRegion> _regions = [];
        private readonly ReceivedFrame[] _batch = new ReceivedFrame[16];
        private readonly byte[] _bytes = new byte[4096];
        private SeededRandom _random;
        private Instant _now = Instant.FromSeconds(1);
        private long _number;

        public World(string kind, ulong seed, DeviceTamper? tamper = null)
        {
            _random = new SeededRandom(seed);
            _nic = new VirtualNic(new VirtualNicOptions { Queues = 3, RssQueues = 1, RingSize = 64, Seed = seed, Tamper = tamper });
            _mux = new PacketMultiplexer(_nic, new MultiplexerOptions { RingBuffers = 48, RingBufferSize = 512, RingReserve = 0 });
            _ports = [.. Enumerable.Range(0, 2).Select(i => _mux.Attach(i == A ? "A" : "B", o => Configure(kind, i, o)))];
            for (int i = 0; i < 2; i++)
            {
                // What a client posts to its port belongs to what it reaches, as does what the port has of its own.
                _pools[i] = BufferPool.Create(512, 16);
                _registrations[i] = _ports[i].Register(_pools[i], 0, BufferUse.Receive | BufferUse.Transmit);
            }
            _regions.Add(_pools[A].Region);
            for (int i = 0; i < 96; i++) _templates.Add(Template(i));
        }

        public MultiplexerPort PortOfA => _ports[A];

        /// <summary>Where A found something of B's first.</summary>
        public string? FoundAt { get; private set; }

        public int Regions => _regions.Count;

        public long SeenByA { get; private set; }

        public long SeenByB { get; private set; }

        public void Send()
        {
            byte[] frame = _templates[_random.Below(_templates.Count)];
            frame[^1] = (byte)_number++;
            _nic.TryDeliver(frame, new WireFrame(frame.Length));
        }

        public void Step()
        {
            _now += TimeSpan.FromMicroseconds(1);
            _mux.Poll(_now);
            SeenByA += Drain(A, isLooking: true);
            SeenByB += Drain(B, isLooking: false);
        }

        /// <summary>A looks through all memory that anything it has leads to.</summary>
        public void LookThroughRegions()
        {
            foreach (DmaRegion region in Reach.RegionsFrom(_ports[A], _registrations[A])) _regions.Add(region);
            foreach (DmaRegion region in _regions) Look(new DeviceMemory(region).Span(0, region.Length), "a region");
        }

        public void Dispose() => _nic.Dispose();

        private static void Configure(string kind, int client, PortOptions o)
        {
            o.Filter = $"udp dst port {Frames.PortOf(client)} or udp dst port {Frames.PortOf(Everybody)}";
            o.BufferSize = 512;
            o.BufferCount = 32;
            o.SteeredBufferCount = 24;
            bool isSteered = kind.StartsWith("Steered", StringComparison.Ordinal);
            if (isSteered) o.Placement = Placement.Steered;
            o.Trust = kind switch
            {
                "Steered (Trust)" => Trust.SteeringOnly,
                "Steered, in place" => Trust.Full,
                _ => Trust.None,
            };
            o.Copy = kind switch
            {
                "CopyAll" => CopyStrategy.CopyAll,
                "Shadow" => CopyStrategy.Shadow,
                "PassThrough" => CopyStrategy.PassThrough,
                "Steered, in place" => new CopyUnlessOwn(CopyStrategy.ZeroCopy),
                "Steered (Verify)" or "Steered (Trust)" => new CopyUnlessOwn(CopyStrategy.CopyHeaders),
                _ => CopyStrategy.CopyHeaders,
            };
        }

        /// <summary>To A, to B or to both; to one, by unicast, multicast or broadcast.</summary>
        private byte[] Template(int number)
        {
            int to = number % 8 == 7 ? Everybody : number & 1;
            byte[] frame = Frames.Make(to, 0, Frames.MinLength + 8 * _random.Below(120) + 2);
            MacAddress mac = (to == Everybody ? 2 : number / 2 % 4) switch
            {
                1 => new MacAddress(0x01_00_5E_00_00_05),
                2 => MacAddress.Broadcast,
                _ => Frames.Nic,
            };
            mac.Write(frame);
            return frame;
        }

        private int Drain(int client, bool isLooking)
        {
            int seen = 0;
            INicQueue queue = _ports[client].Queues[0];
            for (int count = queue.Receive(_batch); count > 0; count = queue.Receive(_batch))
            {
                for (int i = 0; i < count; i++)
                {
                    if (isLooking) Look(ref _batch[i]);
                    _batch[i].Release();
                }
                seen += count;
            }
            Span<BufferHandle> one = stackalloc BufferHandle[1];
            while (queue.PostRoom > 0 && _pools[client].TryRent(out one[0]))
            {
                if (queue.Post(_registrations[client], one) == 0) _pools[client].Release(one[0]);
            }
            return seen;
        }

        private void Look(ref ReceivedFrame frame)
        {
            Span<byte> bytes = _bytes.AsSpan(0, frame.Length);
            frame.Headers.CopyFrameTo(bytes);
            Look(bytes, "a received frame");
            Look(frame.Headers.Bytes, "a received frame's headers");
            for (int i = 0; i < frame.Body.SliceCount; i++) _regions.Add(frame.Body.Slice(i).Pool.Region);
        }

        private void Look(ReadOnlySpan<byte> bytes, string where)
        {
            if (FoundAt is not null) return;
            int at = bytes.IndexOf(MarkOfB);
            if (at >= 0) FoundAt = $"in {where}, at {at}, after {_number} frames";
        }

        private static byte[] MarkOf(int owner)
        {
            byte[] mark = new byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(mark, Frames.CanaryOf(owner, 0));
            return mark[..4];
        }
    }
}

/// <summary>What an object leads to by what is public, however many steps away.</summary>
internal static class Reach
{
    public static IReadOnlySet<DmaRegion> RegionsFrom(params object[] roots) => From(roots).OfType<DmaRegion>().ToHashSet();

    /// <summary>Every object that public properties and fields lead to, the roots with them.</summary>
    public static IReadOnlySet<object> From(params object[] roots)
    {
        HashSet<object> seen = new(ReferenceEqualityComparer.Instance);
        Stack<object> open = new(roots);
        while (open.TryPop(out object? at))
        {
            if (!at.GetType().IsValueType && !seen.Add(at)) continue;
            foreach (object next in NextOf(at)) open.Push(next);
        }
        return seen;
    }

    private static IEnumerable<object> NextOf(object at)
    {
        if (at is string or Delegate or Type or byte[]) yield break;
        if (at is IEnumerable many)
        {
            foreach (object? item in many)
            {
                if (item is not null) yield return item;
            }
        }
        if (at.GetType().Namespace?.StartsWith("NetStack", StringComparison.Ordinal) != true) yield break;
        foreach (PropertyInfo property in at.GetType().GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.GetMethod is null || property.GetIndexParameters().Length > 0 || property.PropertyType.IsByRefLike) continue;
            if (property.GetValue(at) is { } value && !value.GetType().IsPrimitive && !value.GetType().IsEnum) yield return value;
        }
        foreach (FieldInfo field in at.GetType().GetFields(BindingFlags.Public | BindingFlags.Instance))
        {
            if (field.GetValue(at) is { } value && !value.GetType().IsPrimitive && !value.GetType().IsEnum) yield return value;
        }
    }
}
