using NetStack.Nic.Pcap;

namespace NetStack;

/// <summary>
/// Several captures as one, by time. Of packets of the same time, those of the earlier file come first; the packets of one file
/// keep their order even where their times do not rise. A packet without a time comes right behind the one before it in its file.
/// Where a file is damaged it ends, and the others go on.
/// </summary>
/// <remarks>
/// Not thread-safe. Memory does not grow with the files' length: each file has its read blocks
/// (<see cref="CaptureReaderOptions.BlockSize"/>).
/// </remarks>
public sealed class MergedCapture : CaptureSource
{
    private readonly CaptureReader[] _files;
    private readonly Head[] _heads;
    private readonly PriorityQueue<int, (Int128 Time, int File)> _order = new();
    private readonly List<CaptureInterface> _interfaces = [];
    private readonly List<int>[] _numbers; // by file: its interfaces' numbers over all files
    private int _toRefill = -1;

    /// <summary>Merges captures, and reads the first packet of each.</summary>
    /// <param name="files">The captures, none of which was read from. They are taken over and disposed.</param>
    public MergedCapture(IEnumerable<CaptureReader> files)
    {
        _files = [.. files];
        _heads = new Head[_files.Length];
        _numbers = [.. _files.Select(_ => new List<int>())];
        for (int i = 0; i < _files.Length; i++) Refill(i);
    }

    /// <summary>The next packet of a file, and the time it is sorted by.</summary>
    private struct Head
    {
        internal PacketFields Fields;
        internal Int128? Time;
    }

    /// <inheritdoc/>
    public override IReadOnlyList<CaptureReader> Files => _files;

    /// <inheritdoc/>
    public override IReadOnlyList<CaptureInterface> Interfaces => _interfaces;

    /// <inheritdoc/>
    public override long Position => _files.Sum(file => file.Position);

    internal override bool TryTake(out PacketFields fields)
    {
        // Only now, when the packet before is of no more use, is its file read on.
        if (_toRefill >= 0) Refill(_toRefill);
        _toRefill = -1;
        fields = default;
        if (!_order.TryDequeue(out int file, out _)) return false;
        fields = _heads[file].Fields;
        _heads[file].Fields = default;
        _toRefill = file;
        PacketsRead++;
        return true;
    }

    private protected override void Close()
    {
        for (int i = 0; i < _files.Length; i++)
        {
            _heads[i].Fields.Release();
            _heads[i] = default;
            _files[i].Dispose();
        }
        _order.Clear();
        _toRefill = -1;
    }

    private void Refill(int file)
    {
        bool isTaken = _files[file].TryTake(out PacketFields fields);
        IReadOnlyList<CaptureInterface> theirs = _files[file].Interfaces;
        for (List<int> numbers = _numbers[file]; numbers.Count < theirs.Count;)
        {
            _interfaces.Add(theirs[numbers.Count] with { Index = _interfaces.Count });
            numbers.Add(_interfaces.Count - 1);
        }
        if (!isTaken) return;
        ref Head head = ref _heads[file];
        fields.Interface = _numbers[file][fields.Interface];
        head.Fields = fields;
        head.Time = fields.Timestamp?.TotalNanoseconds ?? head.Time;
        _order.Enqueue(file, (head.Time ?? Int128.MinValue, file));
    }
}
