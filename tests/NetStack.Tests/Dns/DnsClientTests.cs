using NetStack.Dns;
using NetStack.Wire;
using static NetStack.Tests.Dns.DnsDialogue;

namespace NetStack.Tests.Dns;

/// <summary>The resolver's rules, message by message.</summary>
public sealed class DnsClientTests
{
    [Fact, Rfc(1035, "4.1")]
    public void A_name_is_asked_for_and_its_addresses_are_given()
    {
        DnsDialogue talk = new();
        DnsLookup lookup = talk.Resolve("www.example.org");
        DnsQuery query = talk.Expect("www.example.org");
        Assert.Equal(DnsType.A, query.Key.Type);
        Assert.False(lookup.IsCompleted);
        talk.Answer(query, a => a.Address(Address).Address(Address).Address(IpAddress.Parse("198.51.100.8")));
        AssertSuccess(lookup, Address, IpAddress.Parse("198.51.100.8"));
        Assert.Equal((0, 0, null), (talk.Client.Count, talk.Client.QueryCount, talk.Client.NextDeadline));
    }

    [Fact, Rfc(3596, "2.2")]
    public void Both_families_are_asked_for_at_once_and_one_that_has_nothing_does_not_spoil_the_other()
    {
        DnsDialogue talk = new();
        DnsLookup lookup = talk.Resolve("a.b", DnsFamily.Any);
        List<DnsQuery> queries = [.. talk.Sent];
        Assert.Equal([DnsType.Aaaa, DnsType.A], queries.Select(q => q.Key.Type));
        Assert.NotEqual(queries[0].Id, queries[1].Id);
        talk.Answer(queries[0], a => a.Soa(60, 60));
        Assert.False(lookup.IsCompleted);
        talk.Answer(queries[1], a => a.Address(Address));
        AssertSuccess(lookup, Address);
    }

    [Fact]
    public void A_server_that_is_silent_about_one_family_costs_one_timeout()
    {
        DnsDialogue talk = new(servers: [First, Second]);
        DnsLookup lookup = talk.Resolve("a.b", DnsFamily.Any);
        talk.Answer(talk.Sent[1], a => a.Address(Address));
        Assert.False(lookup.IsCompleted);
        talk.Wait();
        AssertSuccess(lookup, Address);
        Assert.Equal(5.0, (talk.Now - Instant.FromSeconds(100)).TotalSeconds);
        Assert.Equal(0, talk.Client.QueryCount);
    }

    [Theory]
    [InlineData(DnsResponseCode.NameError, DnsStatus.NotFound), InlineData(DnsResponseCode.NoError, DnsStatus.NoData)]
    [InlineData(DnsResponseCode.ServerFailure, DnsStatus.ServerFailure), InlineData(DnsResponseCode.Refused, DnsStatus.ServerFailure)]
    public void What_a_server_says_is_told(DnsResponseCode code, DnsStatus expected)
    {
        DnsDialogue talk = new(new DnsOptions { Attempts = 1 });
        DnsLookup lookup = talk.Resolve("a.b");
        talk.Answer(talk.Expect("a.b"), code: code);
        Assert.Equal((true, expected), (lookup.IsCompleted, lookup.Status));
        Assert.Empty(lookup.Addresses);
    }

    /// <summary>Each server in turn; each round takes twice as long.</summary>
    [Fact]
    public void Servers_that_are_silent_are_asked_in_turn_and_for_longer()
    {
        DnsDialogue talk = new(servers: [First, Second]);
        DnsLookup lookup = talk.Resolve("a.b");
        HashSet<ushort> ids = [];
        List<(DnsServer, double)> asked = [];
        for (Instant last = talk.Now; !lookup.IsCompleted; last = talk.Now)
        {
            DnsServer server = talk.Sent[0].Server;
            ids.Add(talk.Expect("a.b", server).Id);
            talk.Wait();
            asked.Add((server, (talk.Now - last).TotalSeconds));
        }
        Assert.Equal([(First, 5), (Second, 5), (First, 10), (Second, 10)], asked);
        Assert.Equal((DnsStatus.Timeout, 4), (lookup.Status, ids.Count));
    }

    [Theory]
    [InlineData(DnsResponseCode.ServerFailure), InlineData(DnsResponseCode.Refused)]
    public void A_server_that_cannot_tell_hands_over_to_the_next_at_once(DnsResponseCode code)
    {
        DnsDialogue talk = new(servers: [First, Second]);
        DnsLookup lookup = talk.Resolve("a.b");
        talk.Answer(talk.Expect("a.b", First), code: code);
        talk.Answer(talk.Expect("a.b", Second), a => a.Address(Address));
        AssertSuccess(lookup, Address);
        Assert.Equal(Instant.FromSeconds(100), talk.Now);
    }

    [Fact]
    public void A_query_that_cannot_be_sent_goes_to_the_next_server()
    {
        DnsDialogue talk = new(servers: [First, Second]);
        DnsLookup lookup = talk.Resolve("a.b");
        for (int i = 0; i < 2; i++)
        {
            talk.Client.OnFailure(talk.Expect("a.b", First), talk.Now);
            talk.Client.OnFailure(talk.Expect("a.b", Second), talk.Now);
        }
        Assert.Equal((true, DnsStatus.Timeout), (lookup.IsCompleted, lookup.Status));
    }

    [Fact]
    public void Queries_are_spread_over_the_servers_where_that_is_wanted()
    {
        DnsDialogue talk = new(new DnsOptions { Rotate = true }, servers: [First, Second]);
        for (int i = 0; i < 4; i++)
        {
            talk.Resolve($"n{i}.b");
            talk.Expect($"n{i}.b", i % 2 == 0 ? First : Second);
        }
    }

    [Fact, Rfc(7766, "5")]
    public void An_answer_that_was_cut_is_asked_for_by_TCP_at_the_same_server()
    {
        DnsDialogue talk = new(servers: [First, Second]);
        DnsLookup lookup = talk.Resolve("a.b");
        DnsQuery query = talk.Expect("a.b");
        ushort id = query.Id;
        talk.Answer(query, a => a.Address(IpAddress.Parse("1.1.1.1")), header: h => h with { Flags = h.Flags | DnsFlags.Truncated });
        query = talk.Expect("a.b", First, isTcp: true);
        Assert.NotEqual(id, query.Id);
        talk.Answer(query, a => a.Address(IpAddress.Parse("1.1.1.1"))); // by UDP
        Assert.False(lookup.IsCompleted);
        talk.Answer(query, a => a.Address(Address), isTcp: true);
        AssertSuccess(lookup, Address);
    }

    [Theory, Rfc(6891, "7")]
    [InlineData(DnsResponseCode.FormatError, true), InlineData(DnsResponseCode.FormatError, false), InlineData(DnsResponseCode.NotImplemented, true)]
    public void A_server_that_does_not_understand_is_asked_without_EDNS(DnsResponseCode code, bool repeatsQuestion)
    {
        DnsDialogue talk = new();
        DnsLookup lookup = talk.Resolve("a.b");
        talk.Answer(talk.Expect("a.b"), a => a.Question = repeatsQuestion ? a.Question : [], code);
        talk.Answer(talk.Expect("a.b", hasEdns: false), a => a.Address(Address));
        AssertSuccess(lookup, Address);
    }

    /// <summary>Its lower bits look like "no error".</summary>
    [Fact, Rfc(6891, "6.1.3")]
    public void An_extended_code_is_no_answer()
    {
        DnsDialogue talk = new();
        DnsLookup lookup = talk.Resolve("a.b");
        talk.Answer(talk.Expect("a.b"), a => a.Add(DnsSection.Additional, [0], DnsType.Opt, 0x0100_0000, [], 1232)); // BADVERS
        talk.Answer(talk.Expect("a.b", hasEdns: false), a => a.Address(Address));
        AssertSuccess(lookup, Address);
    }

    [Fact, Rfc(1034, "3.6.2")]
    public void Aliases_are_followed_in_whatever_order_they_stand()
    {
        DnsDialogue talk = new();
        DnsLookup lookup = talk.Resolve("a.b");
        talk.Answer(talk.Expect("a.b"), a => a
            .Address(Address, 50, "end.b")
            .Address(IpAddress.Parse("6.6.6.6"), 50, "other.b")
            .Alias("END.b", 40, "middle.b")
            .Alias("middle.b", 30));
        AssertSuccess(lookup, Address);
        talk.Pass(29);
        Assert.True(talk.Resolve("a.b").IsCompleted);
        talk.Pass(1); // the least of the times
        Assert.False(talk.Resolve("a.b").IsCompleted);
    }

    [Fact]
    public void An_alias_whose_target_is_not_told_is_asked_for()
    {
        DnsDialogue talk = new();
        DnsLookup lookup = talk.Resolve("a.b");
        talk.Answer(talk.Expect("a.b"), a => a.Alias("c.d", 10));
        DnsQuery query = talk.Expect("c.d");
        Assert.Equal("a.b", query.Key.Name);
        talk.Answer(query, a => a.Address(Address, 1000));
        AssertSuccess(lookup, Address);
        talk.Pass(9.9);
        Assert.True(talk.Resolve("A.B.").IsCompleted);
        talk.Pass(0.1);
        Assert.False(talk.Resolve("a.b").IsCompleted);
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public void Aliases_that_do_not_end_are_given_up(bool isOneAnswer)
    {
        DnsDialogue talk = new(new DnsOptions { Attempts = 1 });
        DnsLookup lookup = talk.Resolve("n0.b");
        int asked = 0;
        for (; !lookup.IsCompleted && asked < 100; asked++)
        {
            DnsQuery query = talk.Expect(isOneAnswer ? "n0.b" : $"n{asked}.b");
            if (isOneAnswer) talk.Answer(query, a => a.Alias("n1.b").Alias("n0.b", owner: "n1.b"));
            else talk.Answer(query, a => a.Alias($"n{asked + 1}.b"));
        }
        Assert.Equal((DnsStatus.ServerFailure, isOneAnswer ? 1 : 17), (lookup.Status, asked));
    }

    [Fact, Rfc(2308, "5")]
    public void That_there_is_nothing_is_kept_as_the_SOA_says()
    {
        DnsDialogue talk = new();
        DnsLookup lookup = talk.Resolve("a.b");
        talk.Answer(talk.Expect("a.b"), a => a.Soa(100, 20), DnsResponseCode.NameError);
        Assert.Equal(DnsStatus.NotFound, lookup.Status);
        talk.Pass(19.9);
        lookup = talk.Resolve("a.b");
        Assert.Equal((true, DnsStatus.NotFound), (lookup.IsCompleted, lookup.Status));
        talk.Pass(0.1);
        lookup = talk.Resolve("a.b");
        talk.Answer(talk.Expect("a.b"), code: DnsResponseCode.NameError); // no SOA: not kept
        Assert.True(lookup.IsCompleted);
        Assert.False(talk.Resolve("a.b").IsCompleted);
    }

    [Fact]
    public void Answers_are_kept_no_longer_than_the_options_say()
    {
        DnsDialogue talk = new(new DnsOptions { MaxTimeToLive = TimeSpan.FromSeconds(5), MaxNegativeTimeToLive = TimeSpan.FromSeconds(3) });
        talk.Resolve("a.b");
        talk.Answer(talk.Expect("a.b"), a => a.Address(Address, int.MaxValue));
        talk.Resolve("c.b");
        talk.Answer(talk.Expect("c.b"), a => a.Soa(1000, 1000));
        talk.Pass(3);
        Assert.True(talk.Resolve("a.b").IsCompleted);
        Assert.False(talk.Resolve("c.b").IsCompleted);
        talk.Pass(2);
        Assert.False(talk.Resolve("a.b").IsCompleted);
    }

    [Fact]
    public void Failures_and_answers_for_no_time_are_not_kept()
    {
        DnsDialogue talk = new(new DnsOptions { Attempts = 1 });
        talk.Resolve("a.b");
        talk.Answer(talk.Expect("a.b"), code: DnsResponseCode.ServerFailure);
        talk.Resolve("a.b");
        talk.Answer(talk.Expect("a.b"), a => a.Address(Address, 0));
        Assert.False(talk.Resolve("a.b").IsCompleted);
        Assert.Equal(0, talk.Client.Cache.Count);
    }

    [Fact]
    public void The_cache_is_bounded_and_forgets_what_was_not_used_for_longest()
    {
        DnsDialogue talk = new(new DnsOptions { CacheSize = 3 });
        foreach (string name in (string[])["a.b", "c.b", "d.b", "a.b", "e.b"])
        {
            talk.Resolve(name);
            if (talk.Sent.Count > 0) talk.Answer(talk.Expect(name), a => a.Address(Address));
        }
        Assert.Equal(3, talk.Client.Cache.Count);
        Assert.True(talk.Resolve("a.b").IsCompleted);
        Assert.True(talk.Resolve("d.b").IsCompleted);
        Assert.False(talk.Resolve("c.b").IsCompleted);
    }

    [Fact, Rfc(5452, "5")]
    public void Those_who_want_to_know_the_same_share_a_query()
    {
        DnsDialogue talk = new();
        DnsLookup[] lookups = [talk.Resolve("a.b"), talk.Resolve("A.b"), talk.Resolve("a.B.")];
        DnsQuery query = talk.Expect("a.b");
        talk.Client.Cancel(lookups[1]);
        talk.Answer(query, a => a.Address(Address));
        AssertSuccess(lookups[0], Address);
        AssertSuccess(lookups[2], Address);
        Assert.Empty(lookups[1].Addresses);
        Assert.Equal(0, talk.Client.Count);
    }

    [Fact]
    public void A_query_that_nobody_waits_for_any_more_ends()
    {
        DnsDialogue talk = new();
        DnsLookup lookup = talk.Resolve("a.b", DnsFamily.Any);
        List<DnsQuery> queries = [.. talk.Sent];
        talk.Client.Cancel(lookup);
        talk.Client.Cancel(lookup);
        Assert.All(queries, q => Assert.True(q.IsOver));
        Assert.Equal((0, 0, null), (talk.Client.Count, talk.Client.QueryCount, talk.Client.NextDeadline));
        talk.Answer(queries[0], a => a.Address(IpAddress.Parse("::7")));
        Assert.Equal(0, talk.Client.Cache.Count);
    }

    [Theory]
    [InlineData("www", 1, "www.x.org www.y.org www"), InlineData("www.sub", 1, "www.sub www.sub.x.org www.sub.y.org"), InlineData("www.sub", 2, "www.sub.x.org www.sub.y.org www.sub")]
    [InlineData("www.", 1, "www"), InlineData("www", 0, "www www.x.org www.y.org"), InlineData("bücher", 1, "xn--bcher-kva.x.org xn--bcher-kva.y.org xn--bcher-kva")]
    public void Search_domains_are_appended_by_the_number_of_dots(string name, int dots, string expected)
    {
        DnsDialogue talk = new(new DnsOptions { Dots = dots }) { Search = ["x.org", "y.org."] };
        DnsLookup lookup = talk.Resolve(name);
        foreach (string candidate in expected.Split(' ')) talk.Answer(talk.Expect(candidate), code: DnsResponseCode.NameError);
        Assert.Equal((true, DnsStatus.NotFound), (lookup.IsCompleted, lookup.Status));
    }

    [Fact]
    public void The_search_ends_with_the_first_name_that_has_addresses_and_remembers_the_gravest_failure()
    {
        DnsDialogue talk = new() { Search = ["x.org", "y.org"] };
        DnsLookup lookup = talk.Resolve("www");
        talk.Answer(talk.Expect("www.x.org"), code: DnsResponseCode.NameError);
        talk.Answer(talk.Expect("www.y.org"), a => a.Address(Address));
        AssertSuccess(lookup, Address);

        lookup = talk.Resolve("ftp");
        talk.Answer(talk.Expect("ftp.x.org"));
        talk.Answer(talk.Expect("ftp.y.org"), code: DnsResponseCode.NameError);
        talk.Answer(talk.Expect("ftp"), code: DnsResponseCode.NameError);
        Assert.Equal(DnsStatus.NoData, lookup.Status);
    }

    [Fact]
    public void Servers_that_are_away_are_not_asked_for_every_name()
    {
        DnsDialogue talk = new(new DnsOptions { Attempts = 1 }) { Search = ["x.org", "y.org"] };
        DnsLookup lookup = talk.Resolve("www");
        talk.Expect("www.x.org");
        talk.Wait();
        Assert.Equal((true, DnsStatus.Timeout), (lookup.IsCompleted, lookup.Status));
        talk.ExpectNothing();
    }

    [Theory, Rfc(6761, "6.3"), Rfc(6761, "6.4"), Rfc(7686, "2")]
    [InlineData("192.0.2.1", DnsFamily.Any, "192.0.2.1"), InlineData("::1", DnsFamily.V6, "::1"), InlineData("192.0.2.1", DnsFamily.V6, "NoData")]
    [InlineData("localhost", DnsFamily.Any, "::1 127.0.0.1"), InlineData("LocalHost.", DnsFamily.V4, "127.0.0.1"), InlineData("a.localhost", DnsFamily.V6, "::1")]
    [InlineData("x.invalid", DnsFamily.Any, "NotFound"), InlineData("x.onion.", DnsFamily.Any, "NotFound")]
    [InlineData("Box.LAN", DnsFamily.Any, "10.0.0.9"), InlineData("box.lan.", DnsFamily.V6, "NoData")]
    [InlineData("", DnsFamily.Any, "NotFound"), InlineData(".", DnsFamily.Any, "NotFound"), InlineData("a..b", DnsFamily.Any, "NotFound"), InlineData("ü..b", DnsFamily.Any, "NotFound")]
    public void Some_names_need_no_server(string name, DnsFamily family, string expected)
    {
        DnsOptions options = new();
        options.Hosts["box.lan"] = [IpAddress.Parse("10.0.0.9")];
        DnsDialogue talk = new(options);
        DnsLookup lookup = talk.Resolve(name, family);
        talk.ExpectNothing();
        Assert.True(lookup.IsCompleted);
        Assert.Equal(expected, lookup.Status == DnsStatus.Success ? string.Join(' ', lookup.Addresses) : lookup.Status.ToString());
    }

    [Fact]
    public void Without_a_server_or_with_too_many_lookups_a_name_is_unavailable()
    {
        DnsDialogue talk = new(new DnsOptions { MaxLookups = 2 });
        talk.Resolve("a.b");
        talk.Resolve("c.b");
        Assert.Equal(DnsStatus.Unavailable, talk.Resolve("d.b").Status);
        talk.Client.Servers = [];
        talk = new(servers: [First]);
        talk.Client.Servers = [];
        DnsLookup lookup = talk.Resolve("a.b");
        Assert.Equal((true, DnsStatus.Unavailable, 0), (lookup.IsCompleted, lookup.Status, talk.Client.Count));
    }

    [Fact, Rfc(5452, "4.3")]
    public void An_answer_to_something_else_is_dropped_and_counted()
    {
        DnsDialogue talk = new();
        DnsLookup lookup = talk.Resolve("a.b");
        DnsQuery query = talk.Expect("a.b");
        Refused(DnsDropReason.WrongId, a => { }, h => h with { Id = (ushort)(h.Id + 1) });
        Refused(DnsDropReason.NotResponse, a => { }, h => h with { Flags = DnsFlags.None });
        Refused(DnsDropReason.NotResponse, a => { }, h => h with { OperationCode = 4 });
        Refused(DnsDropReason.WrongQuestion, a => a.Question = Encode("a.c"));
        Refused(DnsDropReason.WrongQuestion, a => a.Type = DnsType.Aaaa);
        Refused(DnsDropReason.WrongQuestion, a => a.Question = []);
        talk.Answer(query, a => a.Address(Address));
        AssertSuccess(lookup, Address);

        void Refused(DnsDropReason reason, Action<AnswerBuilder> records, Func<DnsHeader, DnsHeader>? header = null)
        {
            long before = talk.Client.Drops[reason];
            talk.Answer(query, a =>
            {
                a.Address(IpAddress.Parse("6.6.6.6"));
                records(a);
            }, header: header);
            Assert.Equal((before + 1, false), (talk.Client.Drops[reason], lookup.IsCompleted));
        }
    }

    [Fact]
    public void Somebody_who_guesses_ids_makes_the_resolver_change_to_TCP()
    {
        DnsDialogue talk = new();
        talk.Resolve("a.b");
        DnsQuery query = talk.Expect("a.b");
        for (int i = 1; i <= 32; i++) talk.Answer(query, a => a.Address(IpAddress.Parse("6.6.6.6")), header: h => h with { Id = (ushort)(h.Id + i) });
        talk.Expect("a.b", isTcp: true);
    }

    [Fact]
    public void The_case_of_letters_is_random_and_must_come_back()
    {
        DnsDialogue talk = new(new DnsOptions { RandomizesCase = true });
        const string Name = "abcdefghijklmnopqrstuvwxyz.example.org";
        DnsLookup lookup = talk.Resolve(Name);
        DnsQuery query = Assert.Single(talk.Sent);
        string asked = NameOf(query);
        Assert.Equal(Name, asked.ToLowerInvariant());
        Assert.InRange(asked.Count(char.IsUpper), 8, 28);
        talk.Answer(query, a =>
        {
            a.Address(IpAddress.Parse("6.6.6.6"));
            a.Question = Encode(Name);
        });
        Assert.False(lookup.IsCompleted);
        talk.Answer(query, a => a.Address(Address, owner: Name));
        AssertSuccess(lookup, Address);
    }

    [Fact]
    public void A_server_that_refers_to_others_does_not_resolve_and_the_next_one_is_asked()
    {
        DnsDialogue talk = new(servers: [First, Second]);
        DnsLookup lookup = talk.Resolve("a.b");
        talk.Answer(talk.Expect("a.b", First), a => a.Add(DnsSection.Authority, Encode("b"), DnsType.Ns, 60, Encode("ns.b")), header: h => h with { Flags = DnsFlags.Response });
        talk.Answer(talk.Expect("a.b", Second), a => a.Address(Address));
        AssertSuccess(lookup, Address);
    }

    [Fact, Rfc(5452, "9.2")]
    public void Ids_are_not_foreseen()
    {
        HashSet<ushort> ids = [];
        DnsDialogue talk = new(secret: new UInt128(1, 2));
        DnsDialogue other = new(secret: new UInt128(1, 3));
        int equal = 0;
        for (int i = 0; i < 500; i++)
        {
            talk.Resolve($"n{i}.b");
            other.Resolve($"n{i}.b");
            ushort id = talk.Expect($"n{i}.b").Id;
            ids.Add(id);
            if (other.Expect($"n{i}.b").Id == id) equal++;
        }
        Assert.True(ids.Count > 480 && equal < 5, $"{ids.Count} ids, {equal} equal under another secret");
    }

    /// <summary>Whatever servers answer, every lookup ends within the time that silent servers would take, and nothing is left.</summary>
    [Fact]
    public void A_resolver_among_hostile_servers_ends_every_lookup()
    {
        for (ulong seed = 1; seed <= 300; seed++)
        {
            SeededRandom random = new(seed);
            DnsDialogue talk = new(new DnsOptions { RandomizesCase = seed % 2 == 0, CacheSize = 4, Attempts = 1 + (int)(seed % 3) }, seed, First, Second) { Search = ["s1", "s2"] };
            List<DnsLookup> lookups = [];
            for (int i = 0; i < 5; i++) lookups.Add(talk.Resolve($"n{random.Below(3)}" + (random.Below(2) == 0 ? ".b" : ""), (DnsFamily)random.Below(3)));
            Instant start = talk.Now;
            for (int step = 0; talk.Client.Count > 0; step++)
            {
                Assert.True(step < 20_000, $"seed {seed}");
                List<DnsQuery> sent = talk.Sent;
                if (sent.Count == 0 || random.Below(5) == 0)
                {
                    if (talk.Client.NextDeadline is not null) talk.Wait();
                    continue;
                }
                DnsQuery query = sent[random.Below(sent.Count)];
                talk.Client.OnMessage(query, Hostile(ref random, query), query.UsesTcp ^ random.Below(20) == 0, talk.Now);
                if (query.IsOver || query.IsQueued) sent.Remove(query);
            }
            Assert.All(lookups, l => Assert.True(l.IsCompleted, $"seed {seed}"));
            Assert.Equal((0, null), (talk.Client.QueryCount, talk.Client.NextDeadline));
            Assert.InRange(talk.Client.Cache.Count, 0, 4);
            Assert.True(talk.Now - start <= TimeSpan.FromSeconds(2 * (5 + 10 + 20) * 3 * 18), $"seed {seed}: {talk.Now - start}");
        }
    }

    private static byte[] Hostile(ref SeededRandom random, DnsQuery query)
    {
        AnswerBuilder answer = new(query.Target, query.Key.Type);
        for (int records = random.Below(4); records > 0; records--)
        {
            int kind = random.Below(6);
            if (kind == 0) answer.Address(IpAddress.V4((uint)random.Next()));
            else if (kind == 1) answer.Address(IpAddress.V6(random.Next()));
            else if (kind == 2) answer.Alias($"n{random.Below(5)}.b");
            else if (kind == 3) answer.Alias($"n{random.Below(5)}.b", owner: $"n{random.Below(5)}.b");
            else if (kind == 4) answer.Address(IpAddress.V4(7), owner: $"n{random.Below(5)}.b");
        }
        if (random.Below(3) == 0) answer.Soa((uint)random.Below(100), (uint)random.Below(100));
        DnsFlags flags = DnsFlags.Response | (random.Below(8) == 0 ? DnsFlags.Truncated : 0);
        byte[] bytes = answer.Write(new DnsHeader(random.Below(10) == 0 ? (ushort)random.Next() : query.Id, flags) { ResponseCode = (DnsResponseCode)(random.Below(3) == 0 ? random.Below(7) : 0) });
        if (random.Below(2) == 0) return bytes;
        for (int changes = random.Below(4); changes > 0; changes--) bytes[random.Below(bytes.Length)] = (byte)random.Next();
        return bytes[..(random.Below(4) == 0 ? random.Below(bytes.Length) : bytes.Length)];
    }

    private static void AssertSuccess(DnsLookup lookup, params IpAddress[] addresses)
    {
        Assert.True(lookup.IsCompleted);
        Assert.Equal(DnsStatus.Success, lookup.Status);
        Assert.Equal(addresses, lookup.Addresses);
    }
}
