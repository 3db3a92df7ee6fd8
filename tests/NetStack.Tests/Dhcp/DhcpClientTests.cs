using NetStack.Dhcp;
using NetStack.Wire;
using static NetStack.Tests.Dhcp.DhcpDialogue;

namespace NetStack.Tests.Dhcp;

/// <summary>The client's rules, message by message.</summary>
public sealed class DhcpClientTests
{
    [Fact, Rfc(2131, "4.4.1")]
    public void A_discover_and_a_request_have_the_fields_of_table_5()
    {
        DhcpDialogue talk = new DhcpDialogue(options: new DhcpOptions { HostName = "box", VendorClass = "netstack" }).Started();
        SentMessage discover = talk.Expect(Dhcpv4MessageType.Discover);
        Assert.Equal((Nobody, Everybody), (discover.Source, discover.Destination));
        Assert.Equal((Mac, true, Nobody), (discover.Header.Mac, discover.Header.IsBroadcast, discover.Header.ClientAddress));
        Assert.Null(discover.DataOf(Dhcpv4Option.ServerIdentifier));
        Assert.Null(discover.DataOf(Dhcpv4Option.RequestedAddress));
        Assert.Equal([1, 2, 0, 0, 0, 0, 7], discover.DataOf(Dhcpv4Option.ClientIdentifier));
        Assert.Equal("box"u8.ToArray(), discover.DataOf(Dhcpv4Option.HostName));
        Assert.Equal([1, 121, 3, 6, 15, 119, 26, 28, 51, 58, 59], discover.DataOf(Dhcpv4Option.ParameterRequestList));
        talk.Pass(2.5);
        talk.Hear(Dhcpv4MessageType.Offer, o => o.AddNumber(Dhcpv4Option.LeaseTime, 60));
        SentMessage request = talk.Expect(Dhcpv4MessageType.Request);
        Assert.Equal((Nobody, Everybody, Nobody), (request.Source, request.Destination, request.Header.ClientAddress));
        Assert.Equal((Address, Server), (request.AddressOf(Dhcpv4Option.RequestedAddress), request.AddressOf(Dhcpv4Option.ServerIdentifier)));
        Assert.Equal((discover.Header.TransactionId, discover.Header.Seconds), (request.Header.TransactionId, request.Header.Seconds));
        Assert.Equal(discover.DataOf(Dhcpv4Option.ParameterRequestList), request.DataOf(Dhcpv4Option.ParameterRequestList));
    }

    [Theory, Rfc(2131, "4.1")]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void Discovers_go_out_after_4_8_16_32_and_then_every_64_seconds_give_or_take_one(ulong seed)
    {
        DhcpDialogue talk = new DhcpDialogue(seed).Started();
        Instant last = talk.Expect(Dhcpv4MessageType.Discover).At;
        uint transaction = talk.Last.Header.TransactionId;
        int seconds = 0;
        HashSet<double> jitter = [];
        foreach (int expected in (int[])[4, 8, 16, 32, 64, 64, 64])
        {
            talk.Wait();
            SentMessage again = talk.Expect(Dhcpv4MessageType.Discover);
            double waited = (again.At - last).TotalSeconds;
            Assert.InRange(waited, expected - 1.0, expected + 1.0);
            jitter.Add(waited - expected);
            Assert.Equal(transaction, again.Header.TransactionId);
            Assert.True(again.Header.Seconds > seconds);
            (last, seconds) = (again.At, again.Header.Seconds);
        }
        Assert.Equal(7, jitter.Count);
    }

    [Fact, Rfc(2131, "3.1.5")]
    public void A_request_that_nobody_answers_is_sent_five_times_then_the_client_begins_anew()
    {
        DhcpDialogue talk = new DhcpDialogue().Started();
        talk.Hear(Dhcpv4MessageType.Offer, o => o.AddNumber(Dhcpv4Option.LeaseTime, 60));
        uint transaction = talk.Expect(Dhcpv4MessageType.Request).Header.TransactionId;
        for (int i = 0; i < 4; i++)
        {
            talk.Wait();
            talk.Expect(Dhcpv4MessageType.Request);
        }
        talk.Wait();
        Assert.Equal(DhcpState.Init, talk.Client.State);
        talk.Wait();
        Assert.NotEqual(transaction, talk.Expect(Dhcpv4MessageType.Discover).Header.TransactionId);
    }

    [Fact, Rfc(2131, "4.4.5")]
    public void A_lease_is_renewed_at_its_server_from_T1_and_anywhere_from_T2_and_is_lost_at_its_end()
    {
        DhcpDialogue talk = new DhcpDialogue().Bound(lease: 3600);
        Instant asked = talk.Last.At;
        talk.Wait();
        Assert.Equal((DhcpState.Renewing, 1800.0), (talk.Client.State, (talk.Now - asked).TotalSeconds));
        SentMessage renewal = talk.Expect(Dhcpv4MessageType.Request);
        Assert.Equal((Address, Server, Address, false), (renewal.Source, renewal.Destination, renewal.Header.ClientAddress, renewal.Header.IsBroadcast));
        Assert.Null(renewal.DataOf(Dhcpv4Option.ServerIdentifier));
        Assert.Null(renewal.DataOf(Dhcpv4Option.RequestedAddress));
        List<double> renewals = Collect(DhcpState.Renewing);
        Assert.Equal([675, 337.5, 168.75, 84.375, 60], renewals); // halves of 1350, a minute at least
        Assert.Equal((DhcpState.Rebinding, 3150.0), (talk.Client.State, (talk.Now - asked).TotalSeconds));
        Assert.Equal((Address, Everybody, Address), (talk.Last.Source, talk.Last.Destination, talk.Last.Header.ClientAddress));
        Assert.Equal([225, 112.5, 60], Collect(DhcpState.Rebinding));
        Assert.Equal((3600.0, DhcpState.Init), ((talk.Now - asked).TotalSeconds, talk.Client.State));
        Assert.Equal([DhcpChange.Lost], talk.Changes);
        Assert.Null(talk.Client.Lease);
        talk.Wait();
        talk.Expect(Dhcpv4MessageType.Discover);

        List<double> Collect(DhcpState state)
        {
            List<double> waits = [];
            for (Instant last = talk.Now; ; last = talk.Now)
            {
                talk.Wait();
                if (talk.Client.State == DhcpState.Init) return waits;
                talk.Expect(Dhcpv4MessageType.Request);
                if (talk.Client.State != state) return waits;
                waits.Add((talk.Now - last).TotalSeconds);
            }
        }
    }

    [Theory, Rfc(2131, "4.4.5")]
    [InlineData(100u, 50u, 30u, 30, 50), InlineData(100u, 50u, 60u, 50, 50), InlineData(100u, 200u, 60u, 60, 87), InlineData(100u, 0u, 0u, 50, 87), InlineData(100u, 20u, 0u, 20, 20)]
    public void T1_and_T2_are_the_servers_where_they_lie_in_order(uint lease, uint t2, uint t1, int renew, int rebind)
    {
        DhcpDialogue talk = new DhcpDialogue().Started();
        talk.Hear(Dhcpv4MessageType.Offer, o => o.AddNumber(Dhcpv4Option.LeaseTime, lease));
        talk.Expect(Dhcpv4MessageType.Request);
        Instant asked = talk.Now;
        talk.Pass(2);
        talk.Hear(Dhcpv4MessageType.Ack, o =>
        {
            o.AddNumber(Dhcpv4Option.LeaseTime, lease);
            o.AddNumber(Dhcpv4Option.RenewalTime, t1);
            o.AddNumber(Dhcpv4Option.RebindingTime, t2);
        });
        DhcpLease got = talk.Client.Lease!;
        Assert.Equal((renew, rebind, 100.0), ((got.RenewAt - asked).TotalSeconds, (got.RebindAt - asked).TotalSeconds, (got.ExpiresAt - asked).TotalSeconds));
    }

    [Fact]
    public void A_lease_without_end_has_no_deadline()
    {
        DhcpDialogue talk = new DhcpDialogue().Bound(uint.MaxValue);
        Assert.Null(talk.Client.NextDeadline);
        Assert.Equal(Instant.MaxValue, talk.Client.Lease!.ExpiresAt);
    }

    [Fact]
    public void A_renewal_takes_the_new_settings_and_counts_from_its_own_request()
    {
        DhcpDialogue talk = new DhcpDialogue().Bound(3600);
        talk.Wait();
        SentMessage renewal = talk.Expect(Dhcpv4MessageType.Request);
        talk.Hear(Dhcpv4MessageType.Ack, o =>
        {
            o.AddNumber(Dhcpv4Option.LeaseTime, 7200);
            o.AddAddress(Dhcpv4Option.DnsServers, IpAddress.Parse("192.0.2.53"));
        });
        Assert.Equal([DhcpChange.Renewed], talk.Changes);
        Assert.Equal((DhcpState.Bound, renewal.At + TimeSpan.FromHours(1)), (talk.Client.State, talk.Client.NextDeadline));
        Assert.Equal([IpAddress.Parse("192.0.2.53")], talk.Client.Lease!.DnsServers);
    }

    [Fact]
    public void A_grant_of_another_address_ends_the_old_one_first()
    {
        DhcpDialogue talk = new DhcpDialogue().Bound();
        talk.Wait();
        talk.Expect(Dhcpv4MessageType.Request);
        talk.Hear(Dhcpv4MessageType.Ack, o => o.AddNumber(Dhcpv4Option.LeaseTime, 60), address: IpAddress.Parse("192.0.2.78"));
        Assert.Equal([DhcpChange.Lost, DhcpChange.Acquired], talk.Changes);
        Assert.Equal(DhcpState.Checking, talk.Client.State);
    }

    [Fact, Rfc(2131, "3.1.5")]
    public void A_nak_ends_the_lease_and_a_server_that_goes_on_refusing_is_asked_more_rarely()
    {
        DhcpDialogue talk = new DhcpDialogue().Bound();
        talk.Wait();
        talk.Expect(Dhcpv4MessageType.Request);
        talk.Hear(Dhcpv4MessageType.Nak);
        Assert.Equal([DhcpChange.Lost], talk.Changes);
        List<double> waits = [];
        for (int i = 0; i < 9; i++)
        {
            Instant refused = talk.Now;
            talk.Wait();
            waits.Add((talk.Now - refused).TotalSeconds);
            talk.Expect(Dhcpv4MessageType.Discover);
            talk.Hear(Dhcpv4MessageType.Offer, o => o.AddNumber(Dhcpv4Option.LeaseTime, 60));
            talk.Expect(Dhcpv4MessageType.Request);
            talk.Hear(Dhcpv4MessageType.Nak);
        }
        Assert.Equal([0, 1, 2, 4, 8, 16, 32, 64, 64], waits);
    }

    [Fact, Rfc(2131, "3.1.5"), Rfc(5227, "2.1.1")]
    public void An_address_that_another_host_has_is_declined_and_the_client_waits_ten_seconds()
    {
        DhcpDialogue talk = new DhcpDialogue().Started();
        talk.Hear(Dhcpv4MessageType.Offer, o => o.AddNumber(Dhcpv4Option.LeaseTime, 60));
        talk.Expect(Dhcpv4MessageType.Request);
        talk.Hear(Dhcpv4MessageType.Ack, o => o.AddNumber(Dhcpv4Option.LeaseTime, 60));
        Assert.Equal(DhcpState.Checking, talk.Client.State);
        talk.Client.OnConflict(talk.Now);
        SentMessage decline = talk.Expect(Dhcpv4MessageType.Decline);
        Assert.Equal((Nobody, Everybody, Nobody), (decline.Source, decline.Destination, decline.Header.ClientAddress));
        Assert.Equal((Address, Server), (decline.AddressOf(Dhcpv4Option.RequestedAddress), decline.AddressOf(Dhcpv4Option.ServerIdentifier)));
        Assert.Null(decline.DataOf(Dhcpv4Option.ParameterRequestList));
        Instant declined = talk.Now;
        talk.Wait();
        Assert.Equal(10.0, (talk.Now - declined).TotalSeconds);
        talk.Expect(Dhcpv4MessageType.Discover);
    }

    [Fact, Rfc(2131, "4.4.6")]
    public void A_release_goes_to_the_server_from_the_address()
    {
        DhcpDialogue talk = new DhcpDialogue().Bound();
        talk.Client.Stop(release: true, talk.Now);
        SentMessage release = talk.Expect(Dhcpv4MessageType.Release);
        Assert.Equal((Address, Server, Address), (release.Source, release.Destination, release.Header.ClientAddress));
        Assert.Equal(Server, release.AddressOf(Dhcpv4Option.ServerIdentifier));
        Assert.Null(release.DataOf(Dhcpv4Option.RequestedAddress));
        Assert.True(talk.Client.TryTakeChange(out DhcpChange change, out _) && change == DhcpChange.Lost);
        Assert.Equal((DhcpState.Stopped, null), (talk.Client.State, talk.Client.NextDeadline));
    }

    [Theory, Rfc(2131, "3.2")]
    [InlineData(false), InlineData(true)]
    public void An_address_of_before_is_asked_for_first(bool isAnswered)
    {
        DhcpDialogue talk = new DhcpDialogue(options: new DhcpOptions { PreviousAddress = Address }).Started();
        SentMessage request = talk.Expect(Dhcpv4MessageType.Request);
        Assert.Equal((Nobody, Everybody, Nobody, Address), (request.Source, request.Destination, request.Header.ClientAddress, request.AddressOf(Dhcpv4Option.RequestedAddress)));
        Assert.Null(request.DataOf(Dhcpv4Option.ServerIdentifier));
        if (isAnswered)
        {
            talk.Hear(Dhcpv4MessageType.Ack, o => o.AddNumber(Dhcpv4Option.LeaseTime, 60));
            Assert.Equal((DhcpState.Checking, Server), (talk.Client.State, talk.Client.Lease!.Server));
            return;
        }
        for (int i = 0; i < 2; i++)
        {
            talk.Wait();
            talk.Expect(Dhcpv4MessageType.Request);
        }
        talk.Wait();
        talk.Wait();
        talk.Expect(Dhcpv4MessageType.Discover);
    }

    [Fact, Rfc(4361, "6.1")]
    public void A_client_may_name_itself_by_a_duid()
    {
        DhcpDialogue talk = new DhcpDialogue(options: new DhcpOptions { UsesDuid = true }).Started();
        Assert.Equal([255, 0, 0, 0, 2, 0, 3, 0, 1, 2, 0, 0, 0, 0, 7], talk.Expect(Dhcpv4MessageType.Discover).DataOf(Dhcpv4Option.ClientIdentifier));
        talk = new DhcpDialogue(options: new DhcpOptions { ClientIdentifier = new byte[] { 0, 65 } }).Started();
        Assert.Equal([0, 65], talk.Expect(Dhcpv4MessageType.Discover).DataOf(Dhcpv4Option.ClientIdentifier));
    }

    [Fact, Rfc(2131, "4.4.1"), Rfc(6842, "3")]
    public void An_offer_that_is_not_for_this_client_or_cannot_be_is_dropped_and_counted()
    {
        DhcpDialogue talk = new DhcpDialogue().Started();
        SimpleOptions lease = o => o.AddNumber(Dhcpv4Option.LeaseTime, 60);
        Refused(DhcpDropReason.WrongTransaction, () => talk.Hear(Dhcpv4MessageType.Offer, lease, change: h => h with { TransactionId = h.TransactionId + 1 }));
        Refused(DhcpDropReason.WrongHardwareAddress, () => talk.Hear(Dhcpv4MessageType.Offer, lease, change: h => h with { Mac = new MacAddress(2) }));
        Refused(DhcpDropReason.NotReply, () => talk.Hear(Dhcpv4MessageType.Offer, lease, change: h => h with { Operation = 1 }));
        Refused(DhcpDropReason.UnexpectedType, () => talk.Hear(Dhcpv4MessageType.Ack, lease));
        Refused(DhcpDropReason.UnexpectedType, () => talk.Hear(Dhcpv4MessageType.Nak, lease));
        Refused(DhcpDropReason.UnexpectedType, () => talk.Hear(Dhcpv4MessageType.None, lease));
        Refused(DhcpDropReason.NoServer, () => talk.Hear(Dhcpv4MessageType.Offer, lease, server: Everybody));
        Refused(DhcpDropReason.NoLeaseTime, () => talk.Hear(Dhcpv4MessageType.Offer));
        Refused(DhcpDropReason.NoLeaseTime, () => talk.Hear(Dhcpv4MessageType.Offer, o => o.AddNumber(Dhcpv4Option.LeaseTime, 0)));
        Refused(DhcpDropReason.WrongClientIdentifier, () => talk.Hear(Dhcpv4MessageType.Offer, o => o.Add(Dhcpv4Option.ClientIdentifier, 1, 2, 3)));
        foreach (string address in (string[])["0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1", "0.1.2.3", "240.0.0.1"])
            Refused(DhcpDropReason.BadAddress, () => talk.Hear(Dhcpv4MessageType.Offer, lease, address: IpAddress.Parse(address)));
        talk.Hear(Dhcpv4MessageType.Offer, lease);
        talk.Expect(Dhcpv4MessageType.Request);
        Refused(DhcpDropReason.WrongServer, () => talk.Hear(Dhcpv4MessageType.Ack, lease, server: IpAddress.Parse("192.0.2.2")));
        Refused(DhcpDropReason.WrongServer, () => talk.Hear(Dhcpv4MessageType.Nak, server: IpAddress.Parse("192.0.2.2")));
        Refused(DhcpDropReason.UnexpectedType, () => talk.Hear(Dhcpv4MessageType.Offer, lease));
        Assert.Equal(DhcpState.Requesting, talk.Client.State);

        void Refused(DhcpDropReason reason, Action act)
        {
            long before = talk.Client.Drops[reason];
            DhcpState state = talk.Client.State;
            act();
            Assert.Equal((before + 1, state), (talk.Client.Drops[reason], talk.Client.State));
        }
    }

    [Fact, Rfc(3442, "")]
    public void What_is_granted_is_read_whole_and_what_cannot_be_is_left_out()
    {
        DhcpLease lease = Granted(o =>
        {
            o.AddNumber(Dhcpv4Option.SubnetMask, 0xFFFF_FE00);
            o.AddAddress(Dhcpv4Option.Routers, Nobody, Server, Everybody, Server, IpAddress.Parse("192.0.2.2"));
            o.AddAddress(Dhcpv4Option.DnsServers, IpAddress.Parse("192.0.2.53"), IpAddress.Parse("224.0.0.1"));
            o.Add(Dhcpv4Option.DomainName, [.. "example.org"u8, 0]);
            o.Add(Dhcpv4Option.DomainSearch, 1, (byte)'a', 1, (byte)'b', 0, 1, (byte)'c', 0xC0, 2);
            o.Add(Dhcpv4Option.InterfaceMtu, 5, 0);
            o.AddAddress(Dhcpv4Option.BroadcastAddress, IpAddress.Parse("192.0.3.255"));
        });
        Assert.Equal((23, 1280, "example.org"), (lease.PrefixLength, lease.Mtu, lease.DomainName));
        Assert.Equal([new DhcpRoute(IpPrefix.DefaultV4, Server), new DhcpRoute(IpPrefix.DefaultV4, IpAddress.Parse("192.0.2.2"))], lease.Routes);
        Assert.Equal([IpAddress.Parse("192.0.2.53")], lease.DnsServers);
        Assert.Equal(["a.b", "c.b"], lease.SearchDomains);
        Assert.Equal(IpAddress.Parse("192.0.3.255"), lease.BroadcastAddress);

        lease = Granted(o =>
        {
            o.AddAddress(Dhcpv4Option.Routers, Server);
            o.Add(Dhcpv4Option.ClasslessRoutes, 24, 198, 51, 100, 0, 0, 0, 0, 0, 192, 0, 2, 9);
            o.AddNumber(Dhcpv4Option.SubnetMask, 0xFF00_FF00);
            o.Add(Dhcpv4Option.DomainName, (byte)'.');
            o.Add(Dhcpv4Option.InterfaceMtu, 0, 20);
        });
        Assert.Equal([new DhcpRoute(IpPrefix.Parse("198.51.100.0/24"), default), new DhcpRoute(IpPrefix.DefaultV4, IpAddress.Parse("192.0.2.9"))], lease.Routes);
        Assert.Equal((24, 0, null), (lease.PrefixLength, lease.Mtu, lease.DomainName)); // a mask with holes: by class

        static DhcpLease Granted(SimpleOptions options)
        {
            DhcpDialogue talk = new DhcpDialogue().Started();
            talk.Hear(Dhcpv4MessageType.Offer, o => o.AddNumber(Dhcpv4Option.LeaseTime, 60));
            talk.Expect(Dhcpv4MessageType.Request);
            talk.Hear(Dhcpv4MessageType.Ack, o =>
            {
                o.AddNumber(Dhcpv4Option.LeaseTime, 60);
                options(o);
            });
            return talk.Client.Lease!;
        }
    }

    /// <summary>Whatever comes, in whatever state: the client does not throw, has a lease exactly in the states that have one, always
    /// has something to wait for, and sends at most once a second on average.</summary>
    [Fact]
    public void A_client_among_hostile_servers_stays_sane()
    {
        for (ulong seed = 1; seed <= 400; seed++)
        {
            SeededRandom random = new(seed);
            DhcpDialogue talk = new(seed);
            byte[] buffer = new byte[1500];
            talk.Client.Start(talk.Now);
            int sent = 0;
            SentMessage? last = null;
            for (int step = 0; step < 300; step++)
            {
                string what = $"seed {seed}, step {step}, {talk.Client.State}";
                if (random.Below(4) == 0 && talk.Client.NextDeadline is not null) talk.Wait();
                else talk.Pass(random.Below(2000) / 1000.0);
                talk.Client.OnDeadline(talk.Now);
                if (random.Below(4) == 0) talk.Client.OnUnique();
                if (random.Below(60) == 0) talk.Client.OnConflict(talk.Now);
                if (random.Below(60) == 0) talk.Client.OnLinkUp(talk.Now);
                while (talk.Client.TryTakeMessage(buffer, out DhcpMessage message))
                {
                    sent++;
                    last = new SentMessage(buffer[..message.Length], message.Source, message.Destination, talk.Now);
                }
                if (last is not null) talk.Client.Receive(Hostile(ref random, last), talk.Now);
                while (talk.Client.TryTakeChange(out _, out _)) { }
                bool mayHaveLease = talk.Client.State is DhcpState.Checking or DhcpState.Bound or DhcpState.Renewing or DhcpState.Rebinding;
                Assert.True(mayHaveLease ? talk.Client.Lease is not null : talk.Client.Lease is null || talk.Client.State == DhcpState.Rebooting, what);
                Assert.True(talk.Client.NextDeadline is not null || talk.Client.Lease is { } l && l.ExpiresAt == Instant.MaxValue, what);
            }
            Assert.True(sent <= 310 && talk.Age > TimeSpan.FromSeconds(100), $"seed {seed}: {sent} messages in {talk.Age}");
        }
    }

    private static byte[] Hostile(ref SeededRandom random, SentMessage request)
    {
        Dhcpv4MessageType type = (Dhcpv4MessageType)(random.Below(3) == 0 ? random.Below(9) : random.Below(2) == 0 ? 2 : 5);
        uint lease = random.Below(10) == 0 ? uint.MaxValue : (uint)random.Below(200);
        uint t1 = (uint)random.Below(300);
        byte[] reply = Reply(type, request, random.Below(8) == 0 ? IpAddress.V4((uint)random.Next()) : Address, Server, o =>
        {
            o.AddNumber(Dhcpv4Option.LeaseTime, lease);
            o.AddNumber(Dhcpv4Option.RenewalTime, t1);
            o.Add(Dhcpv4Option.ClasslessRoutes, 24, 1, 2, 3, 4, 5, 6);
        });
        if (random.Below(2) == 0) return reply;
        for (int changes = random.Below(5); changes > 0; changes--) reply[random.Below(2) == 0 ? random.Below(reply.Length) : 240 + random.Below(30)] = (byte)random.Next();
        return reply[..(random.Below(4) == 0 ? random.Below(reply.Length) : reply.Length)];
    }
}
