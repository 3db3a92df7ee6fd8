namespace NetStack.Nic;

/// <summary>A NIC whose owner can sleep in the operating system until it has work, instead of being called by <see cref="INic.OnWake"/>.</summary>
public interface IWaitableNic : INic
{
    /// <summary>Makes an empty set in which NICs of this kind can be waited for.</summary>
    /// <exception cref="IOException">The system gave none.</exception>
    IWaitSet CreateWaitSet();
}

/// <summary>Where the thread that pumps NICs sleeps: until one of them has work, somebody wakes it, or time is up.</summary>
/// <remarks>One thread calls everything but <see cref="Wake"/>, which any thread may call.</remarks>
public interface IWaitSet : IDisposable
{
    /// <summary>Adds a NIC.</summary>
    /// <returns>False when it is of a kind this set cannot wait for; then use <see cref="INic.OnWake"/> with <see cref="Wake"/>.</returns>
    bool TryAdd(INic nic);

    /// <summary>Takes a NIC out; does nothing when it is not there.</summary>
    void Remove(INic nic);

    /// <summary>
    /// Sleeps until a NIC of the set has frames, room to send for which it was short, or something else to be polled for; or until
    /// <see cref="Wake"/> was called since the last return; or until time is up.
    /// </summary>
    /// <param name="timeout">How long at most; zero looks without sleeping, <see cref="Timeout.InfiniteTimeSpan"/> has no limit.</param>
    void Wait(TimeSpan timeout);

    /// <summary>Ends the present or the next <see cref="Wait"/>. Any thread; calls in between count once.</summary>
    void Wake();
}
