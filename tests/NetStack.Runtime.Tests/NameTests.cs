using System.Net;
using System.Net.Sockets;
using NetStack.Dhcp;
using NetStack.Dns;
using NetStack.Nic.Virtual;
using NetStack.Runtime.Tests.Diagnostics;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Runtime.Tests;

/// <summary>Names and addresses of a host, in virtual time.</summary>
public sealed class NameTests
{
    [Theory]
    [InlineData("127.0.0.1", AddressFamily.Unspecified, "127.0.0.1"), InlineData("::1", AddressFamily.InterNetwork, "")]
    [InlineData("localhost", AddressFamily.Unspecified, "::1 127.0.0.1"), InlineData("localhost", AddressFamily.InterNetwork, "127.0.0.1")]
    [InlineData("files.lan", AddressFamily.InterNetwork, "10.0.0.2")]
    public Task Some_names_need_no_server(string name, AddressFamily family, string expected) => HostPair.RunAsync(async pair =>
    {
        Assert.Equal(expected, string.Join(' ', (await pair.A.ResolveAsync(name, family)).Select(a => a.ToString())));
    }, configure: o => o.Dns.Hosts["files.lan"] = [IpAddress.Parse("10.0.0.2")]);

    [Theory]
    [InlineData("www.example.org", AddressFamily.Unspecified, SocketError.Success), InlineData("www.example.org", AddressFamily.InterNetworkV6, SocketError.NoData)]
    [InlineData("none.example.org", AddressFamily.Unspecified, SocketError.HostNotFound), InlineData("fail.example.org", AddressFamily.Unspecified, SocketError.TryAgain)]
    [InlineData("silent.example.org", AddressFamily.Unspecified, SocketError.TryAgain), InlineData("a..b", AddressFamily.Unspecified, SocketError.HostNotFound)]
    [InlineData("www.example.org", AddressFamily.Unix, SocketError.AddressFamilyNotSupported)]
    public Task A_name_is_resolved_or_fails_as_a_sockets_does(string name, AddressFamily family, SocketError expected) => HostPair.RunAsync(
        async pair =>
        {
            pair.Loop.Run(now => _ = new TinyDnsServer(pair.B));
            if (expected == SocketError.Success)
            {
                Assert.Equal([HostPair.AddressB], await pair.A.ResolveAsync(name, family));
                return;
            }
            SocketException failure = await Assert.ThrowsAsync<SocketException>(() => pair.A.ResolveAsync(name, family).AsTask());
            Assert.Equal(expected, failure.SocketErrorCode);
        },
        configure: AskB);

    [Fact]
    public Task A_connection_to_a_name_goes_to_its_address() => HostPair.RunAsync(
        async pair =>
        {
            pair.Loop.Run(now => _ = new TinyDnsServer(pair.B));
            await using NetListener listener = pair.B.ListenTcp(new IPEndPoint(IPAddress.Any, 80));
            await using NetConnection connection = await pair.A.ConnectTcpAsync(new DnsEndPoint("www.example.org", 80));
            Assert.Equal(new IPEndPoint(HostPair.AddressB, 80), connection.RemoteEndPoint);
        },
        configure: AskB);

    [Fact]
    public Task A_lookup_can_be_given_up_and_ends_with_its_host() => HostPair.RunAsync(
        async pair =>
        {
            pair.Loop.Run(now => _ = new TinyDnsServer(pair.B));
            using CancellationTokenSource source = new();
            Task<IPAddress[]> given = pair.A.ResolveAsync("silent.example.org", cancellationToken: source.Token).AsTask();
            Task<IPAddress[]> left = pair.A.ResolveAsync("silent.example.org").AsTask();
            await Task.Delay(TimeSpan.FromSeconds(1), pair.Loop.TimeProvider);
            await source.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
            Assert.False(left.IsCompleted);
            await pair.A.DisposeAsync();
            await Assert.ThrowsAsync<ObjectDisposedException>(() => left);
            await Assert.ThrowsAsync<ObjectDisposedException>(() => pair.A.ResolveAsync("www.example.org").AsTask());
        },
        configure: AskB);

    [Theory]
    [InlineData(1, 0.0), InlineData(2, 0.3), InlineData(3, 0.3)]
    public Task A_host_without_an_address_gets_one_by_DHCP_and_gives_it_back(ulong seed, double loss)
    {
        VirtualTimeLoop loop = new();
        return loop.RunAsync(async () =>
        {
            VirtualLink link = new(new Impairment { Delay = TimeSpan.FromMilliseconds(1), Loss = loss }, seed: seed);
            VirtualNic serverNic = new(new VirtualNicOptions { Name = "s0", Mac = new MacAddress(0x02_00_00_00_00_0A), Seed = seed });
            VirtualNic clientNic = new(new VirtualNicOptions { Name = "c0", Mac = new MacAddress(0x02_00_00_00_00_0B), Seed = seed + 1 });
            link.Connect(serverNic, clientNic);
            loop.Add(link);
            await using NetStackHost server = await NetStackHost.CreateBuilder().UseLoop(loop).Configure(o => o.Seed = seed).AddNic(serverNic, o => o.Address("10.0.0.2/24")).StartAsync();
            LogRecorder log = new();
            TinyDhcpServer dhcp = null!;
            loop.Run(now =>
            {
                dhcp = new TinyDhcpServer(server);
                _ = new TinyDnsServer(server);
            });
            NetStackHost client = await NetStackHost.CreateBuilder().UseLoop(loop).Configure(o => (o.Seed, o.LoggerFactory) = (seed + 1, log)).AddNic(clientNic, o => o.Dhcp = true).StartAsync();
            await using (client)
            {
                DhcpLease lease = Assert.Single(await client.WaitForLeasesAsync());
                Assert.Equal((IpAddress.Parse("10.0.0.77"), 24), (lease.Address, lease.PrefixLength));
                await using NetListener listener = server.ListenTcp(new IPEndPoint(IPAddress.Any, 80));
                await using NetConnection connection = await client.ConnectTcpAsync(new DnsEndPoint("www", 80)); // by the lease's server and domain
                Assert.Equal(IPAddress.Parse("10.0.0.77"), connection.LocalEndPoint.Address);
            }
            await Task.Delay(TimeSpan.FromSeconds(1), loop.TimeProvider);
            Assert.Equal("netstack", dhcp.HostName);
            if (loss == 0) Assert.Equal(Dhcpv4MessageType.Release, dhcp.Heard[^1]);
            Assert.Contains("leased", log.TextOf(130), StringComparison.Ordinal);
            Assert.DoesNotContain(131, log.Ids); // it was given back, not lost
        });
    }

    [Fact]
    public async Task A_name_is_resolved_in_real_time()
    {
        await using RealTimeLoop loop = new(new RealTimeLoopOptions());
        await using HostPair pair = await HostPair.StartAsync(loop, configure: AskB);
        loop.Run(now => _ = new TinyDnsServer(pair.B));
        for (int i = 0; i < 20; i++) Assert.Equal([HostPair.AddressB], await pair.A.ResolveAsync("www.example.org", AddressFamily.InterNetwork));
        await Assert.ThrowsAsync<SocketException>(() => pair.A.ResolveAsync("none.example.org").AsTask());
    }

    [Fact]
    public Task Waiting_for_leases_ends_at_once_without_DHCP_and_with_a_cancellation() => HostPair.RunAsync(async pair =>
    {
        Assert.Empty(await pair.A.WaitForLeasesAsync());
        VirtualNic nic = new(new VirtualNicOptions { Name = "x", Mac = new MacAddress(0x02_00_00_00_00_0C) });
        await using NetStackHost lonely = await NetStackHost.CreateBuilder().UseLoop(pair.Loop).Configure(o => o.Seed = 7).AddNic(nic, o => o.Dhcp = true).StartAsync();
        using CancellationTokenSource source = new();
        Task waiting = lonely.WaitForLeasesAsync(source.Token).AsTask();
        await Task.Delay(TimeSpan.FromMinutes(2), pair.Loop.TimeProvider);
        Assert.False(waiting.IsCompleted);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    });

    private static void AskB(NetStackHostOptions options) => options.Dns.Servers.Add(new DnsServer(IpAddress.From(HostPair.AddressB)));

    /// <summary>Knows www.example.org at 10.0.0.2; fails for one name, is silent to another, denies the rest.</summary>
    private sealed class TinyDnsServer : IDatagramUser
    {
        private readonly NetStackHost _host;
        private readonly UdpSocket _socket;
        private readonly byte[] _buffer = new byte[2048];

        internal TinyDnsServer(NetStackHost host)
        {
            _host = host;
            _socket = host.Stack.Udp.Open(UdpFamily.V4);
            _socket.Tag = this;
            Assert.Equal(UdpBindResult.Success, _socket.Bind(new UdpEndpoint(default, 53)));
        }

        void IDatagramUser.OnEvents(NetStack.Ip.SocketEvents events)
        {
            while (_socket.TryReceive(_buffer, out UdpDatagramInfo info))
            {
                Assert.True(DnsView.TryRead(_buffer.AsSpan(0, info.Length), out DnsView query));
                DnsReader reader = query.Records;
                Assert.True(reader.MoveNext());
                string name = reader.Name.ToString();
                if (name == "silent.example.org") continue;
                DnsResponseCode code = name switch { "www.example.org" => DnsResponseCode.NoError, "fail.example.org" => DnsResponseCode.ServerFailure, _ => DnsResponseCode.NameError };
                byte[] question = new byte[reader.Name.Size];
                reader.Name.CopyTo(question);
                byte[] answer = new byte[512];
                DnsWriter writer = new(answer, new DnsHeader(query.Id, DnsFlags.Response | DnsFlags.RecursionAvailable) { ResponseCode = code });
                writer.AddQuestion(question, reader.Type);
                if (code == DnsResponseCode.NoError && reader.Type == DnsType.A) writer.AddAddress(DnsSection.Answer, question, IpAddress.From(HostPair.AddressB), 60);
                _socket.Send(info.From, writer.Written, default, _host.Loop.Now);
            }
        }
    }

    /// <summary>Has one address, 10.0.0.77.</summary>
    private sealed class TinyDhcpServer : IDatagramUser
    {
        private readonly NetStackHost _host;
        private readonly UdpSocket _socket;
        private readonly byte[] _buffer = new byte[2048];

        internal TinyDhcpServer(NetStackHost host)
        {
            _host = host;
            _socket = host.Stack.Udp.Open(UdpFamily.V4);
            _socket.Tag = this;
            _socket.Broadcast = true;
            Assert.Equal(UdpBindResult.Success, _socket.Bind(new UdpEndpoint(default, Dhcpv4View.ServerPort), host.Stack.Interfaces[1].Index));
        }

        internal List<Dhcpv4MessageType> Heard { get; } = [];

        internal string? HostName { get; private set; }

        void IDatagramUser.OnEvents(NetStack.Ip.SocketEvents events)
        {
            while (_socket.TryReceive(_buffer, out UdpDatagramInfo info))
            {
                Assert.True(Dhcpv4View.TryRead(_buffer.AsSpan(0, info.Length), out Dhcpv4View request));
                Heard.Add(request.MessageType);
                if (request.TryFind(Dhcpv4Option.HostName, default, out ReadOnlySpan<byte> name)) HostName = System.Text.Encoding.ASCII.GetString(name);
                if (request.MessageType is not (Dhcpv4MessageType.Discover or Dhcpv4MessageType.Request)) continue;
                byte[] reply = new byte[400];
                Dhcpv4Header header = Dhcpv4Header.From(request);
                header = new Dhcpv4Header(Dhcpv4View.Reply, header.TransactionId, header.Mac) { YourAddress = IpAddress.Parse("10.0.0.77") };
                Dhcpv4OptionsBuilder options = new(reply.AsSpan(header.Write(reply)));
                options.AddMessageType(request.MessageType == Dhcpv4MessageType.Discover ? Dhcpv4MessageType.Offer : Dhcpv4MessageType.Ack);
                options.AddAddress(Dhcpv4Option.ServerIdentifier, IpAddress.From(HostPair.AddressB));
                options.AddNumber(Dhcpv4Option.LeaseTime, 600);
                options.AddNumber(Dhcpv4Option.SubnetMask, 0xFFFF_FF00);
                options.AddAddress(Dhcpv4Option.DnsServers, IpAddress.From(HostPair.AddressB));
                options.Add(Dhcpv4Option.DomainName, "example.org"u8);
                options.End();
                _socket.Send(new UdpEndpoint(IpAddress.V4(uint.MaxValue), Dhcpv4View.ClientPort), reply.AsSpan(0, Dhcpv4Header.Size + options.Length), default, _host.Loop.Now);
            }
        }
    }
}
