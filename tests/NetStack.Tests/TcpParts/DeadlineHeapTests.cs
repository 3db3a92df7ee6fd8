using NetStack.Tcp;

namespace NetStack.Tests.TcpParts;

/// <summary>The heap against a plain sorted list.</summary>
public sealed class DeadlineHeapTests
{
    private sealed class Item(int name) : IDeadlineItem
    {
        private int _slot;

        public int Name => name;

        ref int IDeadlineItem.DeadlineSlot => ref _slot;
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    public void It_agrees_with_a_sorted_list(ulong seed)
    {
        SeededRandom random = new(seed);
        DeadlineHeap<Item> heap = new();
        Item[] items = [.. Enumerable.Range(0, 60).Select(i => new Item(i))];
        Dictionary<Item, (long Deadline, int Order)> model = [];
        for (int step = 0; step < 20_000; step++)
        {
            Item item = items[random.Below(items.Length)];
            switch (random.Below(4))
            {
                case 0:
                    heap.Set(item, null);
                    model.Remove(item);
                    break;
                case 1:
                    long now = random.Below(40);
                    Item[] due = [.. model.Where(p => p.Value.Deadline <= now).OrderBy(p => p.Value).Select(p => p.Key)];
                    List<Item> taken = [];
                    while (heap.TryTakeDue(new Instant(now), out Item next)) taken.Add(next);
                    Assert.True(due.SequenceEqual(taken), $"seed {seed}, step {step}");
                    foreach (Item gone in due) model.Remove(gone);
                    break;
                default:
                    long deadline = random.Below(40);
                    heap.Set(item, new Instant(deadline));
                    if (!model.TryGetValue(item, out var known) || known.Deadline != deadline) model[item] = (deadline, step);
                    break;
            }
            Assert.Equal(model.Count, heap.Count);
            Assert.Equal(model.Count == 0 ? null : model.Values.Min().Deadline, heap.NextDeadline?.Nanoseconds);
            Assert.Equal(model.TryGetValue(item, out var kept) ? kept.Deadline : null, heap.DeadlineOf(item)?.Nanoseconds);
        }
    }

    [Fact]
    public void Among_equal_deadlines_the_first_that_was_set_is_first()
    {
        DeadlineHeap<Item> heap = new();
        Item[] items = [.. Enumerable.Range(0, 100).Select(i => new Item(i))];
        foreach (Item item in items) heap.Set(item, Instant.FromSeconds(1));
        heap.Set(items[0], Instant.FromSeconds(2));
        heap.Set(items[0], Instant.FromSeconds(1)); // set anew, so it is last
        List<int> order = [];
        while (heap.TryTakeDue(Instant.FromSeconds(1), out Item item)) order.Add(item.Name);
        Assert.Equal(Enumerable.Range(1, 99).Append(0), order);
    }

    [Fact]
    public void Nothing_is_taken_before_its_time()
    {
        DeadlineHeap<Item> heap = new();
        heap.Set(new Item(1), new Instant(5));
        Assert.False(heap.TryTakeDue(new Instant(4), out _));
        Assert.True(heap.TryTakeDue(new Instant(5), out _));
        Assert.Null(heap.NextDeadline);
    }

    [Fact]
    public void A_million_items_move_without_allocating()
    {
        const int Count = 1_000_000;
        DeadlineHeap<Item> heap = new();
        Item[] items = new Item[Count];
        SeededRandom random = new(7);
        for (int i = 0; i < Count; i++) heap.Set(items[i] = new Item(i), new Instant(random.Below(Count)));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 200_000; i++) heap.Set(items[random.Below(Count)], new Instant(random.Below(Count)));
        for (int i = 0; i < 1000; i++) heap.Remove(items[random.Below(Count)]);
        long last = long.MinValue;
        for (int i = 0; i < 1000; i++)
        {
            long next = heap.NextDeadline!.Value.Nanoseconds;
            Assert.True(next >= last);
            last = next;
            heap.TryTakeDue(new Instant(next), out _);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }
}
