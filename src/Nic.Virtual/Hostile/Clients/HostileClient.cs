using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Wire;

namespace NetStack.Nic.Virtual.Hostile;

/// <summary>
/// One thing a hostile client does with the port it was given, by name. It drives any <see cref="INic"/> as a stack would, but for
/// what it does wrong. What it leaves to chance comes from its seed; how often it struck, and how often it was refused, is counted.
/// </summary>
/// <remarks>Thread rule of <see cref="INic"/>. It is a client in the same process: it can call what is public, not forge references.</remarks>
public abstract class HostileClient
{
    /// <summary>Bytes in each of its buffers.</summary>
    protected const int BufferSize = 512;

    private readonly ReceivedFrame[] _batch = new ReceivedFrame[16];
    private SeededRandom _random;

    /// <summary>Takes over a port; its memory is registered for receiving and for sending.</summary>
    /// <param name="id">Its number in the table of docs/trust.md.</param>
    /// <param name="name">What it does, in a few words.</param>
    /// <param name="port">The port.</param>
    /// <param name="seed">Decides what is left to chance.</param>
    protected HostileClient(string id, string name, INic port, ulong seed)
    {
        Id = id;
        Name = name;
        Port = port;
        Seed = seed;
        _random = new SeededRandom(seed);
        Pool = BufferPool.Create(BufferSize, 256);
        Registration = port.Register(Pool, 0, BufferUse.Receive | BufferUse.Transmit);
    }

    /// <summary>Its number in the table of docs/trust.md.</summary>
    public string Id { get; }

    /// <summary>What it does, in a few words.</summary>
    public string Name { get; }

    /// <summary>Decides what is left to chance.</summary>
    public ulong Seed { get; }

    /// <summary>How often it struck.</summary>
    public long Strikes { get; private set; }

    /// <summary>How often it was refused, by an exception.</summary>
    public long Refusals { get; private set; }

    /// <summary>Whether it strikes; switched off, it is an ordinary client again.</summary>
    public bool IsActive { get; set; } = true;

    /// <summary>The address it is told to send from.</summary>
    public IpAddress Address { get; init; } = IpAddress.V4(0x0A_00_00_01);

    /// <summary>The port it was given.</summary>
    protected INic Port { get; }

    /// <summary>Its only queue.</summary>
    protected INicQueue Queue => Port.Queues[0];

    /// <summary>Its memory.</summary>
    protected BufferPool Pool { get; }

    /// <summary>Its memory, registered.</summary>
    protected BufferRegistration Registration { get; }

    /// <summary>Its turn: it strikes, then uses what it got. Nothing it is refused with comes out of here.</summary>
    public void Step()
    {
        if (IsActive) Strike();
        for (int count = Queue.Receive(_batch); count > 0; count = Queue.Receive(_batch))
        {
            for (int i = 0; i < count; i++) Use(_batch[i]);
        }
        Array.Clear(_batch);
    }

    /// <summary>Number, name, seed and strikes, for messages.</summary>
    public override string ToString() => $"{Id} {Name} (seed {Seed}, {Strikes} strikes, {Refusals} refused)";

    /// <summary>What it does wrong, once.</summary>
    protected abstract void Strike();

    /// <summary>Uses a received frame, which is its own now.</summary>
    protected virtual void Use(ReceivedFrame frame) => Ask(() => frame.Release());

    /// <summary>Counts a strike that nobody can refuse.</summary>
    protected void Struck() => Strikes++;

    /// <summary>Strikes.</summary>
    /// <returns>Whether it was let.</returns>
    protected bool Try(Action act)
    {
        Strikes++;
        return Ask(act);
    }

    /// <summary>A number from 0 to less than <paramref name="limit"/>.</summary>
    protected int Below(int limit) => _random.Below(limit);

    /// <summary>Bytes by chance.</summary>
    protected byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        _random.Fill(bytes);
        return bytes;
    }

    /// <summary>Ethernet, IPv4 and UDP headers for a payload, from these addresses.</summary>
    protected static byte[] Headers(MacAddress mac, IpAddress source, int payload)
    {
        byte[] headers = new byte[42];
        new EthernetHeader(MacAddress.Broadcast, mac, EtherType.Ipv4).Write(headers);
        Span<byte> ip = headers.AsSpan(14);
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)(28 + payload));
        ip[8] = 64;
        ip[9] = (byte)IpProtocol.Udp;
        source.Write(ip[12..]);
        IpAddress.V4(0x0A_00_00_63).Write(ip[16..]);
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], InternetChecksum.Compute(ip[..20]));
        BinaryPrimitives.WriteUInt16BigEndian(ip[20..], 7);
        BinaryPrimitives.WriteUInt16BigEndian(ip[22..], 9);
        BinaryPrimitives.WriteUInt16BigEndian(ip[24..], (ushort)(8 + payload));
        return headers;
    }

    /// <summary>A frame to send; its body, if there is one, lies in a buffer of the client's.</summary>
    protected TransmitFrame Frame(ReadOnlySpan<byte> headers, ReadOnlySpan<byte> body, out BufferHandle buffer)
    {
        TransmitFrame frame = default;
        frame.Headers.Set(headers);
        buffer = default;
        if (body.IsEmpty || !Pool.TryRent(out buffer)) return frame;
        Pool.Write(buffer, 0, body);
        frame.Body.Append(new BodySlice(Pool, buffer, 0, body.Length));
        return frame;
    }

    private bool Ask(Action act)
    {
        try
        {
            act();
            return true;
        }
        catch (Exception refusal) when (refusal is InvalidOperationException or ArgumentException)
        {
            Refusals++;
            return false;
        }
    }
}
