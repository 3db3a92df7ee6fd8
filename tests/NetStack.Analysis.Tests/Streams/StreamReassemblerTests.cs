using System.Text;
using NetStack.Ip;
using NetStack.Wire;

namespace NetStack.Analysis.Tests.Streams;

public sealed class StreamReassemblerTests
{
    [Fact]
    public void Segments_in_any_order_cut_anywhere_and_sent_again_give_the_stream()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            Random random = new(seed);
            byte[] stream = new byte[random.Next(1, 3000)];
            random.NextBytes(stream);
            uint first = (uint)random.NextInt64(1L << 32);
            List<(int At, int Length)> segments = [];
            for (int at = 0; at < stream.Length;)
            {
                int length = Math.Min(stream.Length - at, random.Next(1, 200));
                int back = random.Next(Math.Min(at, 50) + 1);
                segments.Add((at - back, length + back));
                at += length;
            }
            (int, int)[] order = [.. segments, .. segments];
            random.Shuffle(order);
            Received received = new();
            OverlapPolicy policy = (OverlapPolicy)random.Next(5);
            StreamReassembler reassembler = new(received, new StreamOptions { Overlap = policy, History = 1 << 16 });
            reassembler.Add(first, TcpFlags.Syn, default, 0, 1);
            foreach ((int at, int length) in order) reassembler.Add(first + 1 + (uint)at, TcpFlags.Ack, stream.AsSpan(at, length), length, 2);
            Assert.True(stream.AsSpan().SequenceEqual(received.Bytes.ToArray()), $"seed {seed}, {policy}");
            Assert.True(reassembler.IsComplete && reassembler.Conflicts == 0, $"seed {seed}, {policy}");
        }
    }

    [Theory]
    [InlineData(OverlapPolicy.First, "abcdXXgh")]
    [InlineData(OverlapPolicy.Last, "abcdYYYY")]
    public void The_policy_says_which_bytes_stay_and_the_conflict_is_told(OverlapPolicy policy, string expected)
    {
        Received received = new();
        StreamReassembler reassembler = new(received, new StreamOptions { Overlap = policy });
        reassembler.Add(9, TcpFlags.Syn, default, 0, 1);
        reassembler.Add(14, TcpFlags.Ack, "XXgh"u8, 4, 2);
        reassembler.Add(14, TcpFlags.Ack, "YYYY"u8, 4, 3);
        reassembler.Add(10, TcpFlags.Ack, "abcd"u8, 4, 4);
        Assert.Equal(expected, Encoding.ASCII.GetString([.. received.Bytes]));
        Assert.Equal([4L], received.ConflictsAt);
    }

    [Fact]
    public void What_never_comes_is_told_and_the_rest_delivered()
    {
        Received received = new();
        StreamReassembler reassembler = new(received);
        reassembler.Add(9, TcpFlags.Syn, default, 0, 1);
        reassembler.Add(13, TcpFlags.Ack, "de"u8, 2, 2);
        reassembler.Finish();
        Assert.Equal("de", Encoding.ASCII.GetString([.. received.Bytes]));
        Assert.Equal(3, reassembler.MissingBytes);
        Assert.False(reassembler.IsComplete);
    }

    [Fact]
    public void What_waits_takes_twice_the_memory_of_its_bytes_at_most_however_it_is_cut()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            Random random = new(seed);
            OverlapPolicy policy = (OverlapPolicy)(seed % 5);
            PendingSegments pending = new(policy);
            byte[] bytes = new byte[1460];
            for (int i = 0; i < 200; i++)
            {
                pending.Add(random.Next(20_000), bytes.AsSpan(0, random.Next(1, bytes.Length)), i); // overlaps of all kinds leave splinters
                Assert.True(pending.Held <= 2 * pending.Bytes, $"seed {seed}, {policy}: {pending.Held} bytes hold {pending.Bytes}");
            }
        }
    }

    private sealed class Received : IStreamReceiver
    {
        internal List<byte> Bytes { get; } = [];

        internal List<long> ConflictsAt { get; } = [];

        public void Data(ReadOnlySpan<byte> bytes, long packet) => Bytes.AddRange(bytes);

        public void Missing(long at, long length)
        {
        }

        public void Conflict(long at, long packet) => ConflictsAt.Add(at);
    }
}
