using NetStack.Ip;

namespace NetStack.Tests.Ip;

/// <summary>
/// Reassembly as its definitions have it, plain and slow: BSD and Linux as lists of fragments that are trimmed, the way their code
/// does it, the others byte by byte.
/// </summary>
internal sealed class OverlapModel(OverlapPolicy policy)
{
    private readonly List<(int Offset, byte[] Bytes)> _fragments = [];
    private readonly byte?[] _bytes = new byte?[70_000];
    private int _total = -1;
    private bool _isDead;

    /// <summary>Adds a fragment; gives the datagram when it is whole.</summary>
    internal byte[]? Add(int offset, byte[] bytes, bool more)
    {
        if (_isDead) return null;
        if (policy is OverlapPolicy.Bsd or OverlapPolicy.Linux) Trim(offset, bytes);
        else if (!AddBytes(offset, bytes)) return null;
        if (!more) _total = offset + bytes.Length;
        return _total >= 0 ? Whole() : null;
    }

    private bool AddBytes(int offset, byte[] bytes)
    {
        if (policy == OverlapPolicy.Reject)
        {
            if (_fragments.Any(f => f.Offset == offset && f.Bytes.AsSpan().SequenceEqual(bytes))) return true;
            if (_fragments.Any(f => f.Offset < offset + bytes.Length && offset < f.Offset + f.Bytes.Length))
            {
                _isDead = true;
                return false;
            }
            _fragments.Add((offset, bytes));
        }
        for (int i = 0; i < bytes.Length; i++)
        {
            if (policy == OverlapPolicy.First) _bytes[offset + i] ??= bytes[i];
            else _bytes[offset + i] = bytes[i];
        }
        return true;
    }

    /// <summary>ip_reass() of 4.4BSD; ip_frag_queue() of Linux differs in one comparison.</summary>
    private void Trim(int offset, byte[] bytes)
    {
        int next = _fragments.FindIndex(f => policy == OverlapPolicy.Bsd ? f.Offset > offset : f.Offset >= offset);
        if (next < 0) next = _fragments.Count;
        if (next > 0)
        {
            (int Offset, byte[] Bytes) before = _fragments[next - 1];
            int covered = before.Offset + before.Bytes.Length - offset;
            if (covered >= bytes.Length) return;
            if (covered > 0) (offset, bytes) = (offset + covered, bytes[covered..]);
        }
        while (next < _fragments.Count && offset + bytes.Length > _fragments[next].Offset)
        {
            (int Offset, byte[] Bytes) after = _fragments[next];
            int covered = offset + bytes.Length - after.Offset;
            if (covered < after.Bytes.Length)
            {
                _fragments[next] = (after.Offset + covered, after.Bytes[covered..]);
                break;
            }
            _fragments.RemoveAt(next);
        }
        _fragments.Insert(next, (offset, bytes));
    }

    private byte[]? Whole()
    {
        if (policy is not (OverlapPolicy.Bsd or OverlapPolicy.Linux))
            return _bytes.Take(_total).All(b => b is not null) ? [.. _bytes.Take(_total).Select(b => b!.Value)] : null;
        List<byte> whole = [];
        foreach ((int offset, byte[] bytes) in _fragments)
        {
            if (offset != whole.Count) return null;
            whole.AddRange(bytes);
        }
        return whole.Count == _total ? [.. whole] : null;
    }
}
