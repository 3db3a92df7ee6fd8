using NetStack.Memory;
using NetStack.Nic.Virtual.Hostile;

namespace NetStack.Nic.Virtual.Tests;

/// <summary>A device that attacks memory does what its name says, from its seed, and counts it.</summary>
public sealed class HostileMemoryTests
{
    private const int Length = 400;

    private static readonly byte[] Sent = Frames.Udp(Frames.A4, Frames.B4, 1, 2, Frames.Payload(Length - 42));

    public static TheoryData<string> Rewriters => ["H1", "H2", "H2 words", "H3", "H4", "H17", "H25"];

    /// <summary>The behaviour, and which bytes of a frame of 42 header bytes it changes.</summary>
    private static (MemoryBehaviour Behaviour, Range Changed) Create(string name, ulong seed) => name switch
    {
        "H1" => (new RewriteHeaders(seed), ..42),
        "H2" => (new RewriteBody(seed, RewriteMoment.AfterLook), 42..),
        "H2 words" => (new ExchangeWords(seed, RewriteMoment.AfterLook), 42..46),
        "H3" => (new RewriteSummedBody(seed), 42..),
        "H4" => (new RewriteAfterFetch(seed), ..),
        "H17" => (new VouchForDamage(seed), (Length - 1)..),
        "H25" => (new WriteNotPosted(seed), ..),
        _ => throw new ArgumentException(name),
    };

    [Theory, MemberData(nameof(Rewriters))]
    public void It_changes_what_it_says_and_nothing_else(string name)
    {
        (MemoryBehaviour behaviour, Range changed) = Create(name, 3);
        byte[] left = Strike(behaviour);
        (int start, int length) = changed.GetOffsetAndLength(Length);
        Assert.True(behaviour.Strikes > 0);
        Assert.Equal(0, behaviour.Refused);
        Assert.Equal(Sent.AsSpan(0, start), left.AsSpan(0, start));
        Assert.Equal(Sent.AsSpan(start + length), left.AsSpan(start + length));
        Assert.False(Sent.AsSpan(start, length).SequenceEqual(left.AsSpan(start, length)));
    }

    [Theory, MemberData(nameof(Rewriters))]
    public void The_same_seed_does_the_same_and_one_that_is_switched_off_nothing(string name)
    {
        Assert.Equal(Strike(Create(name, 3).Behaviour), Strike(Create(name, 3).Behaviour));
        if (name != "H2 words") Assert.NotEqual(Strike(Create(name, 3).Behaviour), Strike(Create(name, 4).Behaviour));
        MemoryBehaviour off = Create(name, 3).Behaviour;
        off.IsActive = false;
        Assert.Equal(Sent, Strike(off));
        Assert.Equal(0, off.Strikes);
    }

    [Fact]
    public void Several_at_once_are_one_device()
    {
        RewriteHeaders headers = new(1);
        RewriteBody body = new(2, RewriteMoment.AfterLook);
        byte[] left = Strike(new HostileDevice(headers, body), headers, body);
        Assert.Equal((1, 1), (headers.Strikes, body.Strikes));
        Assert.False(Sent.AsSpan(0, 42).SequenceEqual(left.AsSpan(0, 42)));
        Assert.False(Sent.AsSpan(42).SequenceEqual(left.AsSpan(42)));
    }

    [Fact]
    public void Words_are_exchanged_under_the_same_sum()
    {
        byte[] left = Strike(new ExchangeWords(1, RewriteMoment.AfterLook));
        Assert.Equal([Sent[44], Sent[45], Sent[42], Sent[43]], left[42..46]);
        Assert.Equal(InternetChecksum.Compute(Sent.AsSpan(14)), InternetChecksum.Compute(left.AsSpan(14)));
    }

    [Fact]
    public void A_frame_in_a_chain_of_buffers_has_headers_in_the_first_only()
    {
        RewriteHeaders behaviour = new(1);
        using Rig rig = new(new VirtualNicOptions { Tamper = behaviour }, buffers: 8, bufferSize: 128);
        rig.Fill();
        Assert.True(rig.Deliver(Sent));
        ReceivedFrame frame = Assert.Single(rig.Take());
        behaviour.RewriteNow();
        byte[] left = new byte[frame.Length];
        frame.Body.CopyTo(0, left, new FetchMeter());
        Assert.Equal(Sent.AsSpan(42), left.AsSpan(42));
        Assert.False(Sent.AsSpan(0, 42).SequenceEqual(left.AsSpan(0, 42)));
        frame.Release();
    }

    [Fact]
    public void What_is_read_around_a_piece_to_send_is_kept()
    {
        ReadResidue behaviour = new();
        using Rig rig = new(new VirtualNicOptions { Tamper = behaviour });
        byte[] residue = Frames.Payload(64);
        residue.CopyTo(new DeviceMemory(rig.Pool.Region).Span(5 * 2048, 64));
        rig.Queue.Transmit([rig.Frame(Sent[..42], Sent[42..])]);
        Assert.True(behaviour.Has(residue));
        Assert.False(behaviour.Has(Frames.Payload(64, seed: 8)));
    }

    private static byte[] Strike(MemoryBehaviour behaviour) => Strike(behaviour, behaviour);

    /// <summary>One frame is received; what lies in its buffer once every behaviour has struck.</summary>
    private static byte[] Strike(DeviceTamper device, params MemoryBehaviour[] behaviours)
    {
        using Rig rig = new(new VirtualNicOptions { Tamper = device });
        rig.Fill(1);
        Assert.True(rig.Deliver(Sent));
        ReceivedFrame frame = Assert.Single(rig.Take());
        frame.Headers.CopyFrameTo(new byte[frame.Length]);
        foreach (HeldFrameBehaviour held in behaviours.OfType<HeldFrameBehaviour>()) held.RewriteNow();
        byte[] left = new DeviceMemory(rig.Pool.Region).Span(0, Length).ToArray();
        frame.Release();
        return left;
    }
}
