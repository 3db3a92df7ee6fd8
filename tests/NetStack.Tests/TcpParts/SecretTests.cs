using NetStack.Tcp;
using NetStack.Wire;

namespace NetStack.Tests.TcpParts;

/// <summary>What an attacker must not foresee: SipHash, initial sequence numbers, ports, cookies, limits.</summary>
public sealed class SecretTests
{
    private static readonly IpAddress Local = IpAddress.Parse("192.0.2.1");
    private static readonly IpAddress Remote = IpAddress.Parse("198.51.100.7");
    private static readonly SequenceNumber PeerSequence = new(0xFFFF_FFF0);

    private static ConnectionHash Hash(ulong seed) => new(seed, seed * 31);

    private static readonly SynCookies Cookies = new(Hash(3), Hash(4));

    // vectors_sip64 of the reference implementation: key 00 01 … 0f, input 00 01 … of the vector's index.
    private static readonly ulong[] Vectors =
    [
        0x726FDB47DD0E0E31, 0x74F839C593DC67FD, 0x0D6C8009D9A94F5A, 0x85676696D7FB7E2D, 0xCF2794E0277187B7, 0x18765564CD99A68D,
        0xCBC9466E58FEE3CE, 0xAB0200F58B01D137, 0x93F5F5799A932462, 0x9E0082DF0BA9E4B0, 0x7A5DBBC594DDB9F3, 0xF4B32F46226BADA7,
        0x751E8FBC860EE5FB, 0x14EA5627C0843D90, 0xF723CA908E7AF2EE, 0xA129CA6149BE45E5,
    ];

    [Fact, Rfc(9293, "3.4.1", "MUST-9")]
    public void SipHash_gives_the_reference_vectors()
    {
        byte[] input = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
        for (int length = 0; length < Vectors.Length; length++)
        {
            Assert.Equal(Vectors[length], SipHash.Compute(0x0706050403020100, 0x0F0E0D0C0B0A0908, input.AsSpan(0, length)));
        }
    }

    [Fact]
    public void SipHash_of_two_numbers_is_that_of_their_sixteen_bytes()
    {
        byte[] input = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
        Assert.Equal(SipHash.Compute(1, 2, input), SipHash.Compute(1, 2, 0x0706050403020100, 0x0F0E0D0C0B0A0908));
    }

    [Fact, Rfc(9293, "3.4.1", "MUST-8")]
    public void Initial_sequence_numbers_run_with_a_clock_of_four_microseconds()
    {
        InitialSequence sequence = new(Hash(1));
        SequenceNumber first = sequence.Next(Local, 1000, Remote, 80, Instant.FromSeconds(1));
        Assert.Equal(first, sequence.Next(Local, 1000, Remote, 80, Instant.FromSeconds(1)));
        Assert.Equal(250_000, sequence.Next(Local, 1000, Remote, 80, Instant.FromSeconds(2)) - first);
        HashSet<uint> others = [first.Value];
        Assert.True(others.Add(sequence.Next(Local, 1001, Remote, 80, Instant.FromSeconds(1)).Value));
        Assert.True(others.Add(sequence.Next(Local, 1000, Remote, 81, Instant.FromSeconds(1)).Value));
        Assert.True(others.Add(sequence.Next(Remote, 1000, Local, 80, Instant.FromSeconds(1)).Value));
        Assert.True(others.Add(new InitialSequence(Hash(2)).Next(Local, 1000, Remote, 80, Instant.FromSeconds(1)).Value));
        Assert.True(others.Add(sequence.Next(IpAddress.Parse("::192.0.2.1"), 1000, Remote, 80, Instant.FromSeconds(1)).Value));
    }

    [Fact]
    public void The_timestamp_offset_is_one_for_a_pair_of_addresses()
    {
        TimestampOffset offset = new(Hash(1));
        Assert.Equal(offset.Of(Local, Remote), offset.Of(Local, Remote));
        Assert.NotEqual(offset.Of(Local, Remote), offset.Of(Local, Local));
        Assert.NotEqual(offset.Of(Local, Remote), new TimestampOffset(Hash(2)).Of(Local, Remote));
    }

    private sealed class Use(Func<ushort, bool> isFree) : IPortUse
    {
        public int Asked { get; private set; }

        public bool IsFree(ushort port)
        {
            Asked++;
            return isFree(port);
        }
    }

    [Fact]
    public void Ports_come_from_the_range_and_do_not_repeat_soon()
    {
        SeededRandom secrets = new(1);
        PortAllocator ports = new(32_768, 60_999, ref secrets);
        HashSet<ushort> seen = [];
        HashSet<int> steps = [];
        int last = 0;
        for (int i = 0; i < 2000; i++)
        {
            Assert.True(ports.TryAllocate(Local, Remote, 80, new Use(_ => true), out ushort port));
            Assert.InRange(port, 32_768, 60_999);
            Assert.True(seen.Add(port), $"port {port} again at {i}");
            if (i > 0) steps.Add((port - last + 28_232) % 28_232);
            last = port;
        }
        Assert.Equal(8, steps.Count); // random steps hide how many connections there were
    }

    [Fact]
    public void The_only_free_port_is_found_and_none_is_told()
    {
        SeededRandom secrets = new(1);
        PortAllocator ports = new(40_000, 41_000, ref secrets);
        Assert.True(ports.TryAllocate(Local, Remote, 80, new Use(p => p == 40_123), out ushort port));
        Assert.Equal(40_123, port);
        Use none = new(_ => false);
        Assert.False(ports.TryAllocate(Local, Remote, 80, none, out port));
        Assert.Equal((0, 1001), (port, none.Asked));
        PortAllocator one = new(65_535, 65_535, ref secrets);
        Assert.True(one.TryAllocate(Local, default, 0, new Use(_ => true), out port));
        Assert.Equal(65_535, port);
    }

    [Fact]
    public void Peers_have_sequences_of_their_own()
    {
        SeededRandom secrets = new(1);
        PortAllocator ports = new(32_768, 60_999, ref secrets);
        HashSet<ushort> firsts = [];
        for (ushort remotePort = 1; remotePort <= 50; remotePort++)
        {
            ports.TryAllocate(Local, Remote, remotePort, new Use(_ => true), out ushort port);
            firsts.Add(port);
        }
        Assert.True(firsts.Count > 45);
    }

    [Theory]
    [InlineData(535, 536)]
    [InlineData(536, 536)]
    [InlineData(1459, 1440)]
    [InlineData(1460, 1460)]
    [InlineData(65_495, 8940)]
    public void A_cookie_brings_back_the_next_lower_segment_size(int mss, int expected)
    {
        SequenceNumber cookie = Cookies.Make(Local, 80, Remote, 4000, PeerSequence, mss, Instant.FromSeconds(100));
        Assert.True(Cookies.TryCheck(Local, 80, Remote, 4000, PeerSequence, cookie, Instant.FromSeconds(101), out int found));
        Assert.Equal(expected, found);
    }

    [Fact]
    public void A_cookie_lasts_its_period_and_the_next()
    {
        // A period is 64 s; this one ends at 128 s.
        SequenceNumber cookie = Cookies.Make(Local, 80, Remote, 4000, PeerSequence, 1460, Instant.FromSeconds(100));
        Assert.True(Cookies.TryCheck(Local, 80, Remote, 4000, PeerSequence, cookie, Instant.FromSeconds(191), out _));
        Assert.False(Cookies.TryCheck(Local, 80, Remote, 4000, PeerSequence, cookie, Instant.FromSeconds(193), out _));
        Assert.False(Cookies.TryCheck(Local, 80, Remote, 4000, PeerSequence, cookie, Instant.FromSeconds(63), out _));
    }

    [Fact]
    public void A_cookie_is_good_for_its_connection_only()
    {
        Instant now = Instant.FromSeconds(100);
        SequenceNumber cookie = Cookies.Make(Local, 80, Remote, 4000, PeerSequence, 1460, now);
        Assert.False(Cookies.TryCheck(Local, 81, Remote, 4000, PeerSequence, cookie, now, out _));
        Assert.False(Cookies.TryCheck(Local, 80, Remote, 4001, PeerSequence, cookie, now, out _));
        Assert.False(Cookies.TryCheck(Local, 80, Local, 4000, PeerSequence, cookie, now, out _));
        Assert.False(Cookies.TryCheck(Local, 80, Remote, 4000, PeerSequence + (1 << 20), cookie, now, out _));
        Assert.False(new SynCookies(Hash(5), Hash(4)).TryCheck(Local, 80, Remote, 4000, PeerSequence, cookie, now, out _));
        SeededRandom random = new(9);
        int hits = 0;
        for (int i = 0; i < 100_000; i++)
        {
            if (Cookies.TryCheck(Local, 80, Remote, 4000, PeerSequence, new SequenceNumber((uint)random.Next()), now, out _)) hits++;
        }
        Assert.InRange(hits, 0, 2);
    }

    [Fact]
    public void Options_ride_in_the_time_stamp_and_never_make_it_late()
    {
        SeededRandom random = new(2);
        for (int i = 0; i < 10_000; i++)
        {
            uint clock = i < 200 ? (uint)i - 100 : (uint)random.Next();
            CookieOptions options = new(random.Below(16) - 1, random.Chance(0.5), random.Chance(0.5));
            uint value = SynCookies.PutOptions(clock, options);
            Assert.Equal(options, SynCookies.TakeOptions(value));
            Assert.InRange((int)(value - clock), -128, 0);
        }
    }

    [Fact]
    public void Challenge_ACKs_are_limited_to_a_number_that_differs_every_second()
    {
        ChallengeAckLimiter limiter = new(100, new SeededRandom(3));
        HashSet<int> counts = [];
        for (int second = 0; second < 200; second++)
        {
            int count = 0;
            while (limiter.TryTake(Instant.FromSeconds(second))) count++;
            Assert.InRange(count, 50, 149);
            Assert.False(limiter.TryTake(Instant.FromMilliseconds(second * 1000 + 999)));
            counts.Add(count);
        }
        Assert.True(counts.Count > 50);
    }

    [Fact]
    public void A_connection_answers_bad_segments_once_in_an_interval()
    {
        AckRateLimiter limiter = new(TimeSpan.FromMilliseconds(500));
        Assert.True(limiter.TryTake(Instant.Zero));
        Assert.False(limiter.TryTake(Instant.FromMilliseconds(499)));
        Assert.True(limiter.TryTake(Instant.FromMilliseconds(500)));
    }
}
