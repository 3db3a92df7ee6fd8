using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.TrustTests;

/// <summary>
/// Memory that the victim registered with its port, to send from and to receive into, in buffers of 1 KiB; and something private of
/// 64 bytes, of which a device must learn nothing and change nothing.
/// </summary>
internal sealed class ClientMemory
{
    private const int BufferSize = 1024;

    private readonly TrustWorld _world;
    private readonly MultiplexerPort _port;
    private readonly byte[] _secret = new byte[64];
    private readonly DmaRegion _neighbour;
    private DmaRegion? _hiding;
    private int _hidden;

    /// <summary>Registers it.</summary>
    /// <param name="world">Whose victim.</param>
    /// <param name="sharesPage">Whether the buffers lie in a page that holds something else, or in memory of their own.</param>
    internal ClientMemory(TrustWorld world, bool sharesPage = false)
    {
        _world = world;
        _port = world.Ports[TrustWorld.Victim];
        new SeededRandom(99).Fill(_secret);
        _neighbour = DmaRegion.Allocate(DmaRegion.PageSize);
        Pool = sharesPage ? new BufferPool(_neighbour, BufferSize, count: 3, offset: BufferSize) : BufferPool.Create(BufferSize, count: 4);
        Registration = _port.Register(Pool, 0, world.Column.IsSteered ? BufferUse.Receive | BufferUse.Transmit : BufferUse.Transmit);
    }

    internal BufferPool Pool { get; }

    internal BufferRegistration Registration { get; }

    /// <summary>Memory that was never registered, or what shares a page with what was.</summary>
    internal DmaRegion Neighbour => _neighbour;

    /// <summary>A client that posts its own buffers and may send what it likes.</summary>
    internal static void Configure(int client, PortOptions options)
    {
        if (client != TrustWorld.Victim) return;
        options.SteeredBufferCount = 0;
        options.SourceCheck = SourceCheck.None;
    }

    /// <summary>Sends a frame from the first free buffer, and where the device fills the client's own buffers, receives one there.</summary>
    internal void Use()
    {
        Assert.True(Pool.TryRent(out BufferHandle sent));
        if (_world.Column.IsSteered)
        {
            Assert.True(Pool.TryRent(out BufferHandle received));
            Assert.Equal(1, _port.Queues[0].Post(Registration, [received]));
            Assert.True(_world.Send(TrustWorld.Victim, 200));
        }
        Pool.Write(sent, 0, new byte[600]);
        TransmitFrame frame = new() { Body = new PacketBody(new BodySlice(Pool, sent, 0, 600)) };
        EthernetHeader link = new(Frames.Peer, Frames.Nic, EtherType.Ipv4);
        link.Write(frame.Headers.Append(EthernetView.Size));
        Assert.Equal(1, _port.Queues[0].Transmit([frame]));
        for (int i = 0; i < 4; i++) _world.Step();
        Assert.Null(_world.Crash);
        Assert.Equal(Pool.Count, Pool.Available);
    }

    /// <summary>Puts the secret into the memory that was registered, at a buffer's start.</summary>
    internal void HideInBuffer(int index) => Hide(Pool.Region, Pool.Offset + index * BufferSize);

    /// <summary>Puts the secret beside it: into the same page where that is shared.</summary>
    internal void HideBeside() => Hide(_neighbour, 0);

    /// <summary>Whether the secret was read or changed.</summary>
    internal bool IsHarmed(Nic.Virtual.Hostile.MemoryBehaviour behaviour) =>
        behaviour.Has(_secret) || !new DeviceMemory(_hiding!).Span(_hidden, _secret.Length).SequenceEqual(_secret);

    private void Hide(DmaRegion region, int offset)
    {
        (_hiding, _hidden) = (region, offset);
        _secret.CopyTo(new DeviceMemory(region).Span(offset, _secret.Length));
    }
}
