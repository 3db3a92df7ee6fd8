using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Nic.Virtual;
using NetStack.Nic.Virtual.Hostile;
using NetStack.Wire;

namespace NetStack.Tests.Kit;

/// <summary>
/// What the same tests receive through, by the environment variable NETSTACK_TEST_DEVICE: without it, as each kit does; with
/// <c>copyall</c>, <c>copyheaders</c> or <c>shadow</c>, through a port of a multiplexer on a virtual NIC, by that strategy; and with
/// <c>,scramble</c> behind it, from a device that overwrites each byte right after somebody fetched it.
/// </summary>
internal static partial class TestDevice
{
    private const string Variable = "NETSTACK_TEST_DEVICE";

    static TestDevice()
    {
        string setting = Environment.GetEnvironmentVariable(Variable) ?? "";
        if (setting.Length == 0) return;
        string[] parts = setting.Split(',');
        Copy = parts[0] switch
        {
            "copyall" => CopyStrategy.CopyAll,
            "copyheaders" => CopyStrategy.CopyHeaders,
            "shadow" => CopyStrategy.Shadow,
            _ => throw new ArgumentException($"{Variable} is copyall, copyheaders or shadow, and ,scramble or nothing; not '{setting}'."),
        };
        Scrambles = parts[1..] is ["scramble"] || (parts.Length > 1 ? throw new ArgumentException($"{Variable}: '{setting}' ends in something else than scramble.") : false);
    }

    /// <summary>The strategy; null for no multiplexer.</summary>
    internal static ICopyStrategy? Copy { get; }

    /// <summary>Whether each byte is overwritten after it was fetched.</summary>
    internal static bool Scrambles { get; }

    /// <summary>Whether frames lie in the memory of a device that overwrites it: what goes on by handle is not what came.</summary>
    private static bool RewritesBodies => Scrambles && Copy == CopyStrategy.CopyHeaders;

    /// <summary>What stands between a NIC and its user.</summary>
    internal static INic Behind(VirtualNic nic) => Copy is null ? nic : new PortNic(nic);

    /// <summary>Options of a NIC that behaves as asked for.</summary>
    internal static VirtualNicOptions Apply(VirtualNicOptions options) => Scrambles ? options with { Tamper = new RewriteAfterFetch { Eagerness = 1 } } : options;

    /// <summary>Makes memory that a kit writes as a device, without a NIC, behave as asked for.</summary>
    internal static void Apply(BufferPool pool, ulong seed)
    {
        if (!Scrambles) return;
        SeededRandom random = new(seed);
        DeviceMemory memory = new(pool.Region);
        memory.OnFetched((offset, length) => random.Fill(memory.Span(offset, length)));
    }

    internal static PacketMultiplexer Share(INic nic, out MultiplexerPort port)
    {
        PacketMultiplexer multiplexer = new(nic, new MultiplexerOptions { RingBuffers = 768 });
        port = multiplexer.Attach(nic.Info.Name, o =>
        {
            o.Copy = Copy!;
            o.Default = o.Router = o.Promiscuous = true;
            o.SourceCheck = SourceCheck.None;
            o.BufferCount = 768;
            o.HeldFrames = 512;
            o.QueueDepth = 512;
        });
        return multiplexer;
    }

    /// <summary>A port that takes its NIC with it.</summary>
    private sealed class PortNic : INicDecorator
    {
        private readonly VirtualNic _nic;
        private readonly MultiplexerPort _port;

        internal PortNic(VirtualNic nic)
        {
            _nic = nic;
            Share(nic, out _port);
        }

        public INic Inner => _port;

        public NicInfo Info => _port.Info;

        public bool IsLinkUp => _port.IsLinkUp;

        public IReadOnlyList<INicQueue> Queues => _port.Queues;

        public IFlowSteering? Steering => _port.Steering;

        public Instant? NextDeadline => _port.NextDeadline;

        public BufferRegistration Register(BufferPool pool, int queue, BufferUse use) => _port.Register(pool, queue, use);

        public void Poll(Instant now) => _port.Poll(now);

        public void OnWake(Action? wake) => _port.OnWake(wake);

        public bool TryArm() => _port.TryArm();

        public void Dispose()
        {
            _port.Dispose();
            _nic.Dispose();
        }
    }
}
