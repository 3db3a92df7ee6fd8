using NetStack.Dhcp;
using NetStack.Dns;
using NetStack.Tests.Kit;
using NetStack.Udp;
using NetStack.Wire;

namespace NetStack.Tests.Dns;

/// <summary>The resolver from end to end: UDP and TCP of one stack, a server on another.</summary>
public sealed class DnsServiceTests
{
    private static readonly IpAddress Web4 = IpAddress.Parse("10.0.0.80");
    private static readonly IpAddress Web6 = IpAddress.Parse("fd00::80");

    [Theory]
    [InlineData(false), InlineData(true)]
    public void A_name_is_resolved_over_either_version_and_then_from_the_cache(bool isV6)
    {
        StackPair pair = new();
        DnsTestServer server = ServerOn(pair);
        DnsService dns = new(pair.Alice.Stack, OptionsFor(new DnsServer(isV6 ? StackPair.BobV6 : StackPair.BobV4)));
        DnsLookup lookup = Resolve(pair, dns, "WWW.example.org");
        Assert.Equal([Web4, Web6], lookup.Addresses); // RFC 6724 section 2.1 puts unique local addresses last
        Assert.Equal([("www.example.org", DnsType.Aaaa, false), ("www.example.org", DnsType.A, false)], server.Asked.Select(a => (a.Name, a.Type, a.IsTcp)));
        int called = 0;
        dns.Resolve("www.example.org.", DnsFamily.V4, l => called++, pair.World.Now);
        Assert.Equal((1, 2, 0), (called, server.Asked.Count, dns.LookupCount));
        Assert.Equal(DnsStatus.NotFound, Resolve(pair, dns, "none.example.org").Status);
        AssertNothingIsLeft(pair);
    }

    [Fact, Rfc(7766, "5")]
    public void An_answer_too_long_for_UDP_comes_by_TCP()
    {
        StackPair pair = new();
        DnsTestServer server = ServerOn(pair);
        IpAddress[] many = [.. Enumerable.Range(1, 60).Select(i => IpAddress.Parse($"fd00::1:{i:x}"))];
        server.Addresses["many.example.org"] = many;
        DnsService dns = new(pair.Alice.Stack, OptionsFor(new DnsServer(StackPair.BobV4)));
        DnsLookup lookup = Resolve(pair, dns, "many.example.org", DnsFamily.V6);
        Assert.Equal(many.ToHashSet(), lookup.Addresses.ToHashSet());
        Assert.Equal([false, true], server.Asked.Select(a => a.IsTcp));
        pair.World.Run(TimeSpan.FromMinutes(5)); // past TIME-WAIT
        AssertNothingIsLeft(pair);
    }

    [Theory]
    [InlineData(1, 0.1), InlineData(2, 0.2), InlineData(3, 0.3), InlineData(4, 0.4), InlineData(5, 0.2), InlineData(6, 0.3)]
    public void Names_are_resolved_over_a_wire_that_loses_much(ulong seed, double loss)
    {
        StackPair pair = new(seed, new Impairment { Loss = loss, Duplicate = 0.1, Reorder = 0.2, Corrupt = 0.02 });
        DnsTestServer server = ServerOn(pair);
        server.Addresses["many.example.org"] = [.. Enumerable.Range(1, 60).Select(i => IpAddress.Parse($"fd00::1:{i:x}"))];
        server.Aliases["alias.example.org"] = "www.example.org";
        server.Time = 20;
        DnsOptions options = OptionsFor(new DnsServer(StackPair.BobV4), new DnsServer(StackPair.BobV6));
        options.Attempts = 10;
        options.RandomizesCase = seed % 2 == 0;
        DnsService dns = new(pair.Alice.Stack, options);
        SeededRandom random = new(seed);
        string[] names = ["www.example.org", "many.example.org", "alias.example.org", "none.example.org"];
        for (int i = 0; i < 40; i++)
        {
            string name = names[random.Below(names.Length)];
            DnsLookup lookup = Resolve(pair, dns, name, limit: TimeSpan.FromMinutes(10));
            Assert.True(lookup.Status == (name[0] == 'n' ? DnsStatus.NotFound : DnsStatus.Success), $"seed {seed}: {name} {lookup.Status}");
            pair.World.Run(TimeSpan.FromSeconds(random.Below(20)));
        }
        pair.Hub.Impairment = new Impairment();
        pair.World.Run(TimeSpan.FromMinutes(10));
        AssertNothingIsLeft(pair);
    }

    [Fact, Rfc(5452, "9.2")]
    public void Each_query_has_a_port_and_an_id_of_its_own()
    {
        StackPair pair = new();
        DnsTestServer server = ServerOn(pair);
        DnsService dns = new(pair.Alice.Stack, OptionsFor(new DnsServer(StackPair.BobV4)));
        for (int i = 0; i < 200; i++) dns.Resolve($"n{i}.example.org", DnsFamily.V4, null, pair.World.Now);
        pair.World.RunUntil(() => dns.LookupCount == 0, TimeSpan.FromSeconds(30));
        Assert.Equal(200, server.Asked.Select(a => a.Name).Distinct().Count());
        Assert.True(server.Asked.Select(a => a.Port).Distinct().Count() > 190);
        Assert.True(server.Asked.Select(a => a.Id).Distinct().Count() > 190);
    }

    [Fact]
    public void A_port_where_nobody_listens_hands_over_to_the_next_server_at_once()
    {
        StackPair pair = new();
        ServerOn(pair);
        DnsService dns = new(pair.Alice.Stack, OptionsFor(new DnsServer(StackPair.BobV4, 54), new DnsServer(StackPair.BobV4)));
        Instant start = pair.World.Now;
        Resolve(pair, dns, "www.example.org", DnsFamily.V4);
        Assert.True(pair.World.Now - start < TimeSpan.FromSeconds(1));
    }

    [Fact]
    public void Servers_that_cannot_be_reached_or_do_not_answer_end_a_lookup()
    {
        StackPair pair = new();
        DnsService dns = new(pair.Alice.Stack, OptionsFor(new DnsServer(IpAddress.Parse("203.0.113.1"))));
        Assert.Equal(DnsStatus.Timeout, Resolve(pair, dns, "a.b").Status); // no route
        dns = new DnsService(pair.Alice.Stack, OptionsFor(new DnsServer(StackPair.BobV4)));
        UdpSocket silent = pair.Bob.Stack.Udp.Open(UdpFamily.V4);
        silent.Bind(new UdpEndpoint(default, 53));
        Assert.Equal(DnsStatus.Timeout, Resolve(pair, dns, "a.b").Status);
        dns = new DnsService(pair.Bob.Stack, new DnsOptions());
        Assert.Equal(DnsStatus.Unavailable, Resolve(pair, dns, "a.b").Status);
    }

    /// <summary>A forger on the link who knows the port, but not the id.</summary>
    [Fact]
    public void Forged_answers_are_counted_and_not_believed()
    {
        StackPair pair = new();
        ServerOn(pair);
        DnsService dns = new(pair.Alice.Stack, OptionsFor(new DnsServer(StackPair.BobV4)));
        pair.World.Run(TimeSpan.FromSeconds(1));
        Resolve(pair, dns, "warm.example.org");
        DnsLookup lookup = dns.Resolve("www.example.org", DnsFamily.V4, null, pair.World.Now);
        UdpSocket socket = FindSocket(pair);
        byte[] forged = new AnswerBuilder(DnsDialogue.Encode("www.example.org"), DnsType.A).Address(IpAddress.Parse("6.6.6.6"))
            .Write(new DnsHeader(1, DnsFlags.Response));
        UdpSocket forger = pair.Bob.Stack.Udp.Open(UdpFamily.V4);
        forger.ReuseAddress = true;
        for (ushort port = 1000; port < 1020; port++) forger.Send(new UdpEndpoint(StackPair.AliceV4, socket.LocalEndpoint.Port), forged, default, pair.World.Now);
        pair.World.RunUntil(() => lookup.IsCompleted, TimeSpan.FromSeconds(10));
        Assert.Equal([Web4], lookup.Addresses);
    }

    [Fact]
    public void A_lookup_that_is_cancelled_calls_nobody_and_leaves_nothing()
    {
        StackPair pair = new();
        ServerOn(pair);
        DnsService dns = new(pair.Alice.Stack, OptionsFor(new DnsServer(StackPair.BobV4)));
        int called = 0;
        DnsLookup lookup = dns.Resolve("www.example.org", DnsFamily.Any, l => called++, pair.World.Now);
        dns.Cancel(lookup, pair.World.Now);
        pair.World.Run(TimeSpan.FromSeconds(30));
        Assert.Equal((0, 0), (called, dns.LookupCount));
        AssertNothingIsLeft(pair);
    }

    [Fact]
    public void A_callback_may_look_up_the_next_name()
    {
        StackPair pair = new();
        DnsTestServer server = ServerOn(pair);
        server.Addresses["a.b"] = [Web4];
        DnsService dns = new(pair.Alice.Stack, OptionsFor(new DnsServer(StackPair.BobV4)));
        List<DnsLookup> done = [];
        dns.Resolve("www.example.org", DnsFamily.V4, first =>
        {
            done.Add(first);
            dns.Resolve("a.b", DnsFamily.V4, second =>
            {
                done.Add(second);
                dns.Resolve("a.b", DnsFamily.V4, done.Add, pair.World.Now);
            }, pair.World.Now);
        }, pair.World.Now);
        pair.World.RunUntil(() => done.Count == 3, TimeSpan.FromSeconds(5));
        Assert.All(done, l => Assert.Equal([Web4], l.Addresses));
    }

    [Fact]
    public void Servers_and_domains_of_a_lease_are_used_while_it_lasts()
    {
        StackPair pair = new();
        DnsTestServer server = ServerOn(pair);
        DhcpTestServer dhcpServer = new(pair.Bob)
        {
            LeaseSeconds = 600,
            Options = o =>
            {
                o.AddAddress(Dhcpv4Option.DnsServers, StackPair.BobV4);
                o.Add(Dhcpv4Option.DomainName, [.. "example.org"u8]);
            },
        };
        StackHost client = pair.World.Host("client");
        DhcpService dhcp = new(client.Plug(pair.Hub), new DhcpOptions(), pair.World.Now);
        DnsService dns = new(client.Stack, new DnsOptions());
        Assert.Empty(dns.Servers);
        pair.World.RunUntil(() => dhcp.Lease is not null, TimeSpan.FromSeconds(5));
        Assert.Equal([new DnsServer(StackPair.BobV4)], dns.Servers);
        Assert.Equal(["example.org"], dns.SearchDomains);
        Assert.Equal([Web4], Resolve(pair, dns, "www", DnsFamily.V4).Addresses);
        Assert.Equal("www.example.org", server.Asked[^1].Name);
        dhcpServer.IsSilent = true;
        pair.World.Run(TimeSpan.FromSeconds(601));
        Assert.Empty(dns.Servers);
        Assert.Empty(dns.SearchDomains);
    }

    [Fact, Rfc(8106, "5.3.1")]
    public void Servers_that_a_router_advertises_are_used_a_link_local_one_by_its_interface()
    {
        World world = new();
        Hub hub = world.Hub();
        StackHost bob = world.Host("bob");
        bob.Plug(hub);
        StackHost alice = world.Host("alice");
        NetInterface nic = alice.Plug(hub);
        world.Run(TimeSpan.FromSeconds(5));
        IpAddress linkLocal = bob.Nic.Addresses.First(a => a.Address.IsV6).Address;
        DnsTestServer server = new(bob);
        server.Addresses["www.example.org"] = [Web4];
        hub.Attach("router").Send(RouterAdvertisement(linkLocal), world.Now);
        world.Run(TimeSpan.FromSeconds(1));
        DnsService dns = new(alice.Stack, new DnsOptions());
        Assert.Equal([new DnsServer(linkLocal, 53, nic.Index)], dns.Servers);
        DnsLookup lookup = dns.Resolve("www.example.org", DnsFamily.V4, null, world.Now);
        world.RunUntil(() => lookup.IsCompleted, TimeSpan.FromSeconds(30));
        Assert.Equal([Web4], lookup.Addresses);
    }

    private static byte[] RouterAdvertisement(IpAddress server)
    {
        IpAddress router = IpAddress.Parse("fe80::1");
        IpAddress all = IpAddress.Parse("ff02::1");
        byte[] address = new byte[16];
        server.Write(address);
        byte[] message = [134, 0, 0, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 3, 0, 0, 0, 0, 2, 88, .. address];
        ChecksumAccumulatorFor(message, router, all);
        byte[] frame = new byte[14 + 40 + message.Length];
        new EthernetHeader(new MacAddress(0x3333_0000_0001), new MacAddress(0x0200_0000_9999), EtherType.Ipv6).Write(frame);
        new Ipv6Header(router, all, IpProtocol.Icmpv6, (ushort)message.Length) { HopLimit = 255 }.Write(frame.AsSpan(14));
        message.CopyTo(frame, 54);
        return frame;

        static void ChecksumAccumulatorFor(byte[] message, IpAddress source, IpAddress destination)
        {
            NetStack.Memory.ChecksumAccumulator sum = default;
            PseudoHeader.AddTo(ref sum, source, destination, IpProtocol.Icmpv6, message.Length);
            sum.Add(message);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), sum.Finish());
        }
    }

    private static UdpSocket FindSocket(StackPair pair) =>
        Enumerable.Range(49152, 16384).Select(p => pair.Alice.Stack.Udp.Table.At((ushort)p)).First(s => s is not null)!;

    private static DnsTestServer ServerOn(StackPair pair)
    {
        DnsTestServer server = new(pair.Bob);
        server.Addresses["www.example.org"] = [Web4, Web6];
        return server;
    }

    private static DnsOptions OptionsFor(params DnsServer[] servers)
    {
        DnsOptions options = new();
        foreach (DnsServer server in servers) options.Servers.Add(server);
        return options;
    }

    private static DnsLookup Resolve(StackPair pair, DnsService dns, string name, DnsFamily family = DnsFamily.Any, TimeSpan? limit = null)
    {
        int called = 0;
        DnsLookup lookup = dns.Resolve(name, family, _ => called++, pair.World.Now);
        pair.World.RunUntil(() => lookup.IsCompleted, limit ?? TimeSpan.FromMinutes(1), name);
        Assert.Equal(1, called);
        return lookup;
    }

    private static void AssertNothingIsLeft(StackPair pair)
    {
        Assert.Equal((0, 0), (pair.Alice.Stack.Udp.Table.Count, pair.Alice.Stack.Tcp.ConnectionCount));
        Assert.False(pair.Alice.Stack.Udp.TryReadEvent(out _));
        pair.World.Run(TimeSpan.FromSeconds(1));
        pair.World.AssertNoLeaks();
    }
}
