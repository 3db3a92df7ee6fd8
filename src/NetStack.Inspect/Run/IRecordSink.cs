namespace NetStack.Inspect;

/// <summary>A sink that decodes packets itself, because it asks less of them than the whole. It gets records where nothing else looks at the headers.</summary>
internal interface IRecordSink : IPacketSink
{
    /// <summary>Whether it takes records.</summary>
    bool WantsRecords { get; }

    /// <summary>Takes a packet of which nothing was read yet.</summary>
    void Add(in CaptureRecord record);
}
