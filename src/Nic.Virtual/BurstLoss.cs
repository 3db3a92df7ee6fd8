namespace NetStack.Nic.Virtual;

/// <summary>
/// Loss in bursts: the Gilbert–Elliott model. The link is in a good or a bad state, and before each frame it may change; each state
/// loses a share of its own (E. O. Elliott, "Estimates of error rates for codes on burst-noise channels", 1963; as netem's gemodel).
/// </summary>
/// <param name="ToBad">The chance, before a frame, to leave the good state, 0 to 1.</param>
/// <param name="ToGood">The chance, before a frame, to leave the bad state, 0 to 1: a burst lasts 1 / ToGood frames on average.</param>
/// <param name="LossInBad">The share lost in the bad state, 0 to 1.</param>
/// <param name="LossInGood">The share lost in the good state, 0 to 1.</param>
public sealed record BurstLoss(double ToBad, double ToGood, double LossInBad = 1, double LossInGood = 0)
{
    /// <summary>The share lost in the long run.</summary>
    public double Share => ToBad + ToGood == 0 ? LossInGood : ((ToGood * LossInGood) + (ToBad * LossInBad)) / (ToBad + ToGood);

    internal void Check()
    {
        foreach (double chance in (ReadOnlySpan<double>)[ToBad, ToGood, LossInBad, LossInGood])
        {
            if (chance is not (>= 0 and <= 1)) throw new ArgumentOutOfRangeException(nameof(chance), $"A chance lies from 0 to 1, not at {chance}.");
        }
    }

    internal bool IsLost(ref SeededRandom random, ref bool isBad)
    {
        if (random.Chance(isBad ? ToGood : ToBad)) isBad = !isBad;
        return random.Chance(isBad ? LossInBad : LossInGood);
    }
}
