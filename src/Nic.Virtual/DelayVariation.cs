namespace NetStack.Nic.Virtual;

/// <summary>A delay that differs from frame to frame, added to <see cref="Impairment.Delay"/>.</summary>
public abstract record DelayVariation
{
    private DelayVariation()
    {
    }

    /// <summary>Normally distributed delays; those below zero count as zero.</summary>
    /// <param name="mean">The mean, at least zero.</param>
    /// <param name="deviation">The standard deviation, at least zero.</param>
    public static DelayVariation Normal(TimeSpan mean, TimeSpan deviation) => new NormalDelays(mean, deviation);

    /// <summary>Delays that were measured elsewhere, one a frame, from the beginning again after the last.</summary>
    /// <param name="delays">The delays, at least one, none below zero.</param>
    public static DelayVariation Recorded(IEnumerable<TimeSpan> delays) => new RecordedDelays([.. delays]);

    internal abstract void Check();

    internal abstract TimeSpan Next(ref SeededRandom random, ref int place);

    private sealed record NormalDelays(TimeSpan Mean, TimeSpan Deviation) : DelayVariation
    {
        internal override void Check()
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(Mean, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfLessThan(Deviation, TimeSpan.Zero);
        }

        /// <summary>Irwin and Hall: twelve evenly spread numbers less six. It is the same on every machine, which logarithm and cosine are not.</summary>
        internal override TimeSpan Next(ref SeededRandom random, ref int place)
        {
            long sum = 0;
            for (int i = 0; i < 12; i++) sum += (long)(random.Next() >> 32);
            double normal = (sum - (6L << 32)) / (double)(1L << 32);
            return TimeSpan.FromTicks(Math.Max(0, Mean.Ticks + (long)(normal * Deviation.Ticks)));
        }
    }

    private sealed record RecordedDelays(TimeSpan[] Delays) : DelayVariation
    {
        internal override void Check()
        {
            if (Delays.Length == 0) throw new ArgumentException("There are no recorded delays.");
            foreach (TimeSpan delay in Delays) ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        }

        internal override TimeSpan Next(ref SeededRandom random, ref int place) => Delays[place++ % Delays.Length];
    }
}
