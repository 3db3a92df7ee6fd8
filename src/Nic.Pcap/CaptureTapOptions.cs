namespace NetStack;

/// <summary>How a <see cref="CaptureTap"/> works. Read once.</summary>
public sealed class CaptureTapOptions
{
    /// <summary>The most bytes kept of a frame; 0 for all of it, as far as readers of captures accept it (262,144 bytes).</summary>
    public int SnapLength { get; set; }

    /// <summary>The clock. A frame's time is the wall clock's when the tap was made plus what the time stamps advanced since, so
    /// times in the file never run backwards.</summary>
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;

    /// <summary>How long a frame may wait in memory before it is written out, as <see cref="NetStack.Nic.IPollable.Poll"/> allows.</summary>
    public TimeSpan FlushInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Called once if the capture cannot be written any more. It is called by the thread that pumps the NIC, and must neither
    /// block nor throw.</summary>
    public Action<Exception>? OnFailure { get; set; }
}
