namespace NetStack.Analysis;

/// <summary>
/// Sums over time in a fixed number of buckets. When a time does not fit, buckets are taken together by twos and become twice as
/// wide: memory is constant, and the picture of a long capture is coarse.
/// </summary>
internal sealed class TimeSeries
{
    /// <summary>The most buckets.</summary>
    internal const int MaxBuckets = 512;

    private const long FirstWidth = 1_000_000; // 1 ms

    private readonly TimeBucket[] _buckets = new TimeBucket[MaxBuckets];

    /// <summary>Nanoseconds of a bucket.</summary>
    internal long Width { get; private set; } = FirstWidth;

    /// <summary>How many buckets have anything, empty ones between them included.</summary>
    internal int Count { get; private set; }

    /// <summary>A bucket by its number.</summary>
    internal ref readonly TimeBucket this[int index] => ref _buckets[index];

    /// <summary>The bucket of a time.</summary>
    /// <param name="time">Nanoseconds since the first packet; what is earlier counts as of the first bucket.</param>
    internal ref TimeBucket At(long time)
    {
        time = Math.Max(0, time);
        while (time / Width >= MaxBuckets) Halve();
        int index = (int)(time / Width);
        Count = Math.Max(Count, index + 1);
        return ref _buckets[index];
    }

    private void Halve()
    {
        for (int i = 0; i < MaxBuckets / 2; i++)
        {
            _buckets[i] = _buckets[i * 2];
            _buckets[i].Add(_buckets[i * 2 + 1]);
        }
        Array.Clear(_buckets, MaxBuckets / 2, MaxBuckets / 2);
        Count = (Count + 1) / 2;
        Width *= 2;
    }
}

/// <summary>What happened in a stretch of time.</summary>
internal struct TimeBucket
{
    /// <summary>Bytes on the wire from whoever sent a conversation's first packet.</summary>
    internal long Forward { get; set; }

    /// <summary>Bytes on the wire of the answers.</summary>
    internal long Reverse { get; set; }

    /// <summary>Bytes on the wire that belong to no conversation.</summary>
    internal long Other { get; set; }

    internal long Packets { get; set; }
    internal long Retransmissions { get; set; }

    /// <summary>Round trips that ended here.</summary>
    internal long RoundTrips { get; set; }

    /// <summary>Their sum in microseconds, so that no sum overflows.</summary>
    internal long RoundTripMicroseconds { get; set; }

    internal void Add(in TimeBucket other)
    {
        Forward += other.Forward;
        Reverse += other.Reverse;
        Other += other.Other;
        Packets += other.Packets;
        Retransmissions += other.Retransmissions;
        RoundTrips += other.RoundTrips;
        RoundTripMicroseconds += other.RoundTripMicroseconds;
    }
}
