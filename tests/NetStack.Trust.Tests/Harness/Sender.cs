using NetStack.Memory;
using NetStack.Multiplexer;
using NetStack.Nic;

namespace NetStack.TrustTests;

/// <summary>A client that sends: frames whose body is their number, over and over, from a few buffers of its own.</summary>
internal sealed class Sender
{
    private const int BodyLength = 64;

    private readonly MultiplexerPort _port;
    private readonly int _client;

    /// <summary>Registers the buffers.</summary>
    public Sender(TrustWorld world, int client, int buffers)
    {
        _client = client;
        _port = world.Ports[client];
        Pool = BufferPool.Create(256, buffers, RegionWriter.Owner);
        _port.Register(Pool, 0, BufferUse.Transmit);
    }

    /// <summary>What it sends from.</summary>
    public BufferPool Pool { get; }

    /// <summary>Frames its port took.</summary>
    public int Sent { get; private set; }

    /// <summary>Sends the next frame, if it has a buffer and the port takes it.</summary>
    public void Send()
    {
        if (!Pool.TryRent(out BufferHandle buffer)) return;
        Pool.Write(buffer, 0, Enumerable.Repeat((byte)Sent, BodyLength).ToArray());
        TransmitFrame frame = default;
        frame.Headers.Set(Frames.Make(_client, 0, Frames.MinLength).AsSpan(0, Frames.HeaderLength));
        frame.Body.Append(new BodySlice(Pool, buffer, 0, BodyLength));
        if (_port.Queues[0].Transmit([frame]) == 1) Sent++;
        else frame.Body.Release();
    }
}

/// <summary>A wire that takes frames only as far as it has room, and keeps whose they were and their numbers; -1 for a body of several.</summary>
internal sealed class SlowWire : IWireEnd
{
    private readonly List<(ushort Port, int Number)> _frames = [];

    /// <summary>How many more frames it takes.</summary>
    public int Room { get; set; }

    /// <summary>The numbers of a client's frames, in order.</summary>
    public IEnumerable<int> Of(int client) => _frames.Where(f => f.Port == Frames.PortOf(client)).Select(f => f.Number);

    public bool TryDeliver(ReadOnlySpan<byte> frame, in WireFrame info)
    {
        if (Room == 0) return false;
        Room--;
        ReadOnlySpan<byte> body = frame[Frames.HeaderLength..];
        _frames.Add((System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(frame[36..]), body.ContainsAnyExcept(body[0]) ? -1 : body[0]));
        return true;
    }
}
