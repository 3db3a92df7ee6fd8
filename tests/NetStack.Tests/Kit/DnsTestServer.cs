using System.Buffers.Binary;
using NetStack.Tcp;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Tests.Kit;

/// <summary>A small DNS server on a host of its own, by UDP and TCP: addresses and aliases in a table, everything else does not exist.</summary>
internal sealed class DnsTestServer : IStackPart
{
    private readonly UdpSocket _socket;
    private readonly TcpListener _listener;
    private readonly List<TcpConnection> _connections = [];
    private readonly byte[] _buffer = new byte[4096];

    internal DnsTestServer(StackHost host)
    {
        _socket = host.Stack.Udp.Open(UdpFamily.Dual);
        _socket.Owner = static _ => { };
        Assert.Equal(UdpBindResult.Success, _socket.Bind(new UdpEndpoint(default, 53)));
        Assert.Equal(TcpError.None, host.Stack.Tcp.Listen(new TcpListenOptions(new TcpBindOptions(new TcpEndpoint(default, 53))), out TcpListener? listener));
        _listener = listener!;
        host.Stack.AddPart(this);
    }

    /// <summary>Addresses by name, in lower case.</summary>
    internal Dictionary<string, IpAddress[]> Addresses { get; } = [];

    internal Dictionary<string, string> Aliases { get; } = [];

    internal uint Time { get; set; } = 300;

    /// <summary>What was asked, and how.</summary>
    internal List<(string Name, DnsType Type, bool IsTcp, ushort Id, ushort Port)> Asked { get; } = [];

    Instant? IStackPart.NextDeadline => _socket.Count > 0 || _listener.Pending > 0 || _connections.Exists(IsReady) ? Instant.Zero : null;

    void IStackPart.OnDeadline(Instant now)
    {
        while (_socket.TryReceive(_buffer, out UdpDatagramInfo info))
        {
            byte[]? answer = Answer(_buffer.AsSpan(0, info.Length), isTcp: false, info.From.Port);
            if (answer is not null) _socket.Send(info.From, answer, new UdpSendOptions { Source = info.To.Address }, now);
        }
        while (_listener.TryAccept(out TcpConnection? accepted)) _connections.Add(accepted!);
        foreach (TcpConnection connection in _connections.FindAll(IsReady)) Serve(connection);
    }

    bool IStackPart.TransmitOne(Instant now) => false;

    private static bool IsReady(TcpConnection connection) => connection.ReadableBytes > 2 || connection.IsEndOfStream || connection.Error != TcpError.None;

    /// <summary>A question comes in one segment; an answer fits the send buffer.</summary>
    private void Serve(TcpConnection connection)
    {
        int read = connection.Read(_buffer);
        byte[]? answer = read > 2 ? Answer(_buffer.AsSpan(2, read - 2), isTcp: true, connection.Remote.Port) : null;
        if (answer is not null)
        {
            byte[] length = new byte[2];
            BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)answer.Length);
            Assert.Equal(2 + answer.Length, connection.Write([.. length, .. answer]));
            return;
        }
        connection.Close();
        _connections.Remove(connection);
    }

    private byte[]? Answer(ReadOnlySpan<byte> query, bool isTcp, ushort port)
    {
        if (!DnsView.TryRead(query, out DnsView view)) return null;
        DnsReader reader = view.Records;
        if (!reader.MoveNext()) return null;
        byte[] question = new byte[reader.Name.Size];
        reader.Name.CopyTo(question);
        DnsType type = reader.Type;
        string name = reader.Name.ToString().ToLowerInvariant();
        Asked.Add((name, type, isTcp, view.Id, port));
        int room = 512;
        while (reader.MoveNext()) room = reader.Type == DnsType.Opt ? reader.Class : room;
        return Write(new DnsHeader(view.Id, DnsFlags.Response | DnsFlags.RecursionAvailable), question, name, type, isTcp ? ushort.MaxValue : room);
    }

    private byte[] Write(DnsHeader header, byte[] question, string name, DnsType type, int room)
    {
        bool isKnown = Addresses.ContainsKey(name) || Aliases.ContainsKey(name);
        byte[] buffer = new byte[ushort.MaxValue];
        DnsWriter writer = new(buffer, header with { ResponseCode = isKnown ? DnsResponseCode.NoError : DnsResponseCode.NameError });
        writer.AddQuestion(question, type);
        byte[] owner = question;
        while (Aliases.TryGetValue(name, out string? alias))
        {
            byte[] target = Dns.DnsDialogue.Encode(alias);
            writer.AddRecord(DnsSection.Answer, owner, DnsType.Cname, Time, target);
            (name, owner) = (alias, target);
        }
        IpAddress[] fit = [.. Addresses.GetValueOrDefault(name, []).Where(a => a.IsV4 == (type == DnsType.A))];
        foreach (IpAddress address in fit) writer.AddAddress(DnsSection.Answer, owner, address, Time);
        if (fit.Length == 0) writer.AddRecord(DnsSection.Authority, [0], DnsType.Soa, Time, [0, 0, .. new byte[16], 0, 0, 0, 60]);
        if (writer.Length <= room) return writer.Written.ToArray();
        DnsWriter cut = new(buffer, header with { Flags = header.Flags | DnsFlags.Truncated });
        cut.AddQuestion(question, type);
        return cut.Written.ToArray();
    }
}
