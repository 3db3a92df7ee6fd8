namespace NetStack.Nic;

/// <summary>A NIC that tells what was read and copied of the frames it received: header snapshots are fetched on its account.</summary>
public interface IMeteredNic : INic
{
    /// <summary>Counts what was fetched of received frames.</summary>
    FetchMeter Meter { get; }
}
