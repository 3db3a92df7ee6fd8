using System.Buffers.Binary;
using NetStack.Memory;
using NetStack.Nic;
using NetStack.Wire;

namespace NetStack.Multiplexer.Tests;

/// <summary>No byte meant for one client reaches another: neither in what it receives nor in the memory that is its own.</summary>
public sealed class PrivacyTests
{
    private const ulong Canary = 0xC0FFEE_00_00_00_00_00UL;
    private const ulong Owners = 0x01_01_01_01_01UL; // the owner in every other byte, so that pieces of two canaries are none

    [Theory, InlineData("CopyAll", 1), InlineData("Shadow", 2), InlineData("CopyHeaders", 3), InlineData("PassThrough", 4), InlineData("Steered+Verify", 5),
     InlineData("Steered+Trust", 6), InlineData("Steered+CopyAll", 7), InlineData("mixed", 8)]
    public async Task A_client_sees_no_canary_of_another_over_all_mixes_of_unicast_and_broadcast(string kind, int seed)
    {
        const int Count = 4;
        Random random = new(seed);
        Rig rig = new(queues: 1 + Count, flowRoom: 32);
        string[] mixed = ["CopyAll", "CopyHeaders", "Steered+Verify", "PassThrough"];
        MultiplexerPort[] ports = new MultiplexerPort[Count];
        BufferPool[] memory = new BufferPool[Count];
        BufferRegistration[] registrations = new BufferRegistration[Count];
        List<Got>[] got = new List<Got>[Count];
        for (int i = 0; i < Count; i++)
        {
            string mine = kind == "mixed" ? mixed[i] : kind;
            ports[i] = rig.Mux.Attach($"client {i}", o =>
            {
                Clients.Configure(mine, o);
                o.Mac = Frames.Mac(i);
                o.BufferCount = mine == "Steered+CopyAll" ? 64 : 0; // so that all its memory is what it posts
                o.SteeredBufferCount = 0;
            });
            memory[i] = BufferPool.Create(512, 64, ports[i].SteeringState == SteeringState.Active ? RegionWriter.Device : RegionWriter.Owner);
            registrations[i] = ports[i].Register(memory[i], 0, BufferUse.Receive);
            Post(ports[i], memory[i], registrations[i]);
            got[i] = [];
        }
        int sent = 0;
        for (int step = 0; step < 400; step++)
        {
            int to = random.Next(Count + 1); // the last is everybody
            byte[] payload = new byte[8 + random.Next(1200)];
            for (int at = 0; at + 8 <= payload.Length; at += 8) BinaryPrimitives.WriteUInt64BigEndian(payload.AsSpan(at), Canary | Owners * (uint)to);
            MacAddress mac = to == Count ? MacAddress.Broadcast : Frames.Mac(to);
            if (!rig.Nic.Inject(Frames.Udp(mac, Frames.PeerV4, 1, Frames.V4(to), 2, payload))) continue;
            sent++;
            rig.Mux.Poll(rig.Now);
            for (int i = 0; i < Count; i++)
            {
                if (random.Next(3) == 0) continue; // let some wait
                got[i].AddRange(Rig.Drain(ports[i]));
                Post(ports[i], memory[i], registrations[i]);
            }
        }
        for (int i = 0; i < Count; i++)
        {
            got[i].AddRange(Rig.Drain(ports[i]));
            Assert.NotEmpty(got[i]);
            foreach (Got frame in got[i]) AssertOnlyFor(frame.Bytes, i, Count, $"{kind}, seed {seed}, received by {i}");
            byte[] all = new DeviceMemory(memory[i].Region).Span(0, memory[i].Region.Length).ToArray();
            AssertOnlyFor(all, i, Count, $"{kind}, seed {seed}, memory of {i}");
        }
        Assert.True(sent > 300, $"only {sent} sent, seed {seed}");
        await rig.AssertAllHomeAsync();
    }

    [Fact]
    public void The_test_finds_a_canary_where_one_leaks()
    {
        byte[] leaked = new byte[64];
        BinaryPrimitives.WriteUInt64BigEndian(leaked.AsSpan(13), Canary | Owners * 2);
        Assert.ThrowsAny<Exception>(() => AssertOnlyFor(leaked, 1, 4, "on purpose"));
    }

    [Theory, InlineData("CopyAll"), InlineData("Shadow")]
    public void Nothing_a_copying_client_ever_held_is_used_for_another(string kind)
    {
        Rig rig = new();
        MultiplexerPort[] ports = [.. Enumerable.Range(0, 2).Select(i => rig.Mux.Attach($"c{i}", o =>
        {
            Clients.Configure(kind, o);
            o.Mac = Frames.Mac(i);
        }))];
        HashSet<object>[] held = [[], []];
        for (int step = 0; step < 200; step++)
        {
            int to = step * 7 % 3 % 2;
            rig.Send(Frames.Udp(step % 5 == 0 ? MacAddress.Broadcast : Frames.Mac(to), Frames.PeerV4, 1, Frames.V4(1), 2, Frames.Payload(100, 1)));
            for (int i = 0; i < 2; i++)
            {
                foreach (ReceivedFrame taken in Rig.Take(ports[i]))
                {
                    ReceivedFrame frame = taken;
                    held[i].Add(frame.Headers);
                    held[i].Add(frame.Snapshots);
                    held[i].Add(frame.Body.Slice(0).Pool);
                    held[i].Add(frame.Body.Slice(0).Pool.Region);
                    frame.Release();
                }
            }
        }
        Assert.True(held.All(h => h.Count >= 4));
        Assert.Empty(held[0].Intersect(held[1]));
    }

    private static void AssertOnlyFor(ReadOnlySpan<byte> bytes, int client, int everybody, string where)
    {
        for (int at = 0; at + 8 <= bytes.Length; at++)
        {
            ulong word = BinaryPrimitives.ReadUInt64BigEndian(bytes[at..]);
            int owner = (int)(word & 0xFF);
            if (word != (Canary | Owners * (uint)owner)) continue;
            Assert.True(owner == client || owner == everybody, $"{where}: a canary of {owner} at {at}");
        }
    }

    private static void Post(MultiplexerPort port, BufferPool pool, BufferRegistration registration)
    {
        Span<BufferHandle> one = new BufferHandle[1];
        while (port.Queues[0].PostRoom > 0 && pool.TryRent(out one[0])) Assert.Equal(1, port.Queues[0].Post(registration, one));
    }
}
