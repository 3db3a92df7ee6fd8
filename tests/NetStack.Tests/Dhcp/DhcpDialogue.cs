using NetStack.Dhcp;
using NetStack.Wire;

namespace NetStack.Tests.Dhcp;

/// <summary>A client without a stack, to whom a test speaks as servers do.</summary>
internal sealed class DhcpDialogue
{
    internal static readonly MacAddress Mac = new(0x02_00_00_00_00_07);
    internal static readonly IpAddress Server = IpAddress.Parse("192.0.2.1");
    internal static readonly IpAddress Address = IpAddress.Parse("192.0.2.77");
    internal static readonly IpAddress Nobody = IpAddress.Parse("0.0.0.0");
    internal static readonly IpAddress Everybody = IpAddress.Parse("255.255.255.255");

    private readonly byte[] _buffer = new byte[1500];

    internal DhcpDialogue(ulong seed = 1, DhcpOptions? options = null) => Client = new DhcpClient(Mac, 2, 1500, options ?? new DhcpOptions(), seed);

    internal DhcpClient Client { get; }

    internal Instant Now { get; private set; } = Instant.FromSeconds(100);

    internal TimeSpan Age => Now - Instant.FromSeconds(100);

    internal List<DhcpChange> Changes { get; } = [];

    /// <summary>The last message that was sent.</summary>
    internal SentMessage Last { get; private set; } = null!;

    /// <summary>Starts the client and has it ask for offers.</summary>
    internal DhcpDialogue Started()
    {
        Client.Start(Now);
        if (Client.State == DhcpState.Init) Wait();
        return this;
    }

    /// <summary>Has the client bound to <see cref="Address"/>.</summary>
    internal DhcpDialogue Bound(uint lease = 3600)
    {
        Started();
        Hear(Dhcpv4MessageType.Offer, o => o.AddNumber(Dhcpv4Option.LeaseTime, lease));
        Expect(Dhcpv4MessageType.Request);
        Hear(Dhcpv4MessageType.Ack, o => o.AddNumber(Dhcpv4Option.LeaseTime, lease));
        Client.OnUnique();
        Assert.Equal(DhcpState.Bound, Client.State);
        Changes.Clear();
        return this;
    }

    /// <summary>Lets time pass to the client's next deadline.</summary>
    internal void Wait()
    {
        Now = Instant.Min(Client.NextDeadline!.Value, Instant.MaxValue);
        Client.OnDeadline(Now);
        while (Client.TryTakeChange(out DhcpChange change, out _)) Changes.Add(change);
    }

    internal void Pass(double seconds) => Now += TimeSpan.FromSeconds(seconds);

    /// <summary>The message that the client wants sent now.</summary>
    internal SentMessage Expect(Dhcpv4MessageType type)
    {
        Assert.True(Client.TryTakeMessage(_buffer, out DhcpMessage message), $"{type} is not sent");
        Last = new SentMessage(_buffer[..message.Length], message.Source, message.Destination, Now);
        Assert.Equal(type, Last.Type);
        Assert.False(Client.TryTakeMessage(_buffer, out _));
        return Last;
    }

    internal void ExpectNothing() => Assert.False(Client.TryTakeMessage(_buffer, out _));

    /// <summary>Tells the client something, as the server that it asked.</summary>
    internal void Hear(Dhcpv4MessageType type, SimpleOptions? more = null, IpAddress? address = null, IpAddress? server = null, Func<Dhcpv4Header, Dhcpv4Header>? change = null)
    {
        if (Client.TryTakeMessage(_buffer, out DhcpMessage sent)) Last = new SentMessage(_buffer[..sent.Length], sent.Source, sent.Destination, Now);
        Client.Receive(Reply(type, Last, address ?? (type == Dhcpv4MessageType.Nak ? Nobody : Address), server ?? Server, more, change), Now);
        while (Client.TryTakeChange(out DhcpChange happened, out _)) Changes.Add(happened);
    }

    internal static byte[] Reply(Dhcpv4MessageType type, SentMessage request, IpAddress address, IpAddress server, SimpleOptions? more = null, Func<Dhcpv4Header, Dhcpv4Header>? change = null)
    {
        byte[] bytes = new byte[1500];
        Dhcpv4Header header = new(Dhcpv4View.Reply, request.Header.TransactionId, request.Header.Mac) { YourAddress = address };
        (change?.Invoke(header) ?? header).Write(bytes);
        OptionList options = new();
        if (type != Dhcpv4MessageType.None) options.Add(Dhcpv4Option.MessageType, (byte)type);
        if (!server.IsNone) options.AddAddress(Dhcpv4Option.ServerIdentifier, server);
        more?.Invoke(options);
        return bytes[..(Dhcpv4Header.Size + options.Write(bytes.AsSpan(Dhcpv4Header.Size)))];
    }
}

/// <summary>Options that a test adds.</summary>
internal delegate void SimpleOptions(OptionList options);

/// <summary>Options in a list, as a delegate can hold.</summary>
internal sealed class OptionList
{
    private readonly List<(Dhcpv4Option Option, byte[] Data)> _options = [];

    internal void Add(Dhcpv4Option option, params byte[] data) => _options.Add((option, data));

    internal void AddNumber(Dhcpv4Option option, uint value) => Add(option, (byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value);

    internal void AddAddress(Dhcpv4Option option, params IpAddress[] addresses)
    {
        byte[] data = new byte[4 * addresses.Length];
        for (int i = 0; i < addresses.Length; i++) addresses[i].Write(data.AsSpan(4 * i));
        Add(option, data);
    }

    internal int Write(Span<byte> room)
    {
        Dhcpv4OptionsBuilder builder = new(room);
        foreach ((Dhcpv4Option option, byte[] data) in _options) builder.Add(option, data);
        builder.End();
        return builder.Length;
    }
}

/// <summary>A message of a client.</summary>
internal sealed record SentMessage(byte[] Bytes, IpAddress Source, IpAddress Destination, Instant At)
{
    internal Dhcpv4MessageType Type => View.MessageType;

    internal Dhcpv4Header Header => Dhcpv4Header.From(View);

    private Dhcpv4View View
    {
        get
        {
            Assert.True(Dhcpv4View.TryRead(Bytes, out Dhcpv4View view));
            return view;
        }
    }

    internal IpAddress AddressOf(Dhcpv4Option option) => View.TryFindAddress(option, out IpAddress address) ? address : default;

    internal byte[]? DataOf(Dhcpv4Option option) => View.TryFind(option, new byte[600], out ReadOnlySpan<byte> data) ? data.ToArray() : null;
}
